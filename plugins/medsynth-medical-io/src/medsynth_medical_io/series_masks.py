"""What labels a series, slice by slice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class SeriesMasks:
    """The masks of a series.

    names: the address of each slice's mask.
    foreground: (K,) which slices have a label.
    """

    names: list[str]
    foreground: NDArray[np.bool_]
