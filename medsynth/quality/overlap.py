"""Overlap of masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import NDArray


def pooled_dice(found: Sequence[NDArray[Any]], asked: Sequence[NDArray[Any]]) -> float:
    """Return the Dice of many masks with their counts pooled, in [0, 1].

    Pooling counts lets a tile with hardly any foreground weigh hardly anything; a mean of
    Dice values would be ruled by such tiles. 1 where neither side has any foreground.

    Args:
        found: (H, W) masks; nonzero is foreground.
        asked: as many (H, W) masks of the same sizes.

    >>> import numpy as np
    >>> pooled_dice([np.eye(2)], [np.ones((2, 2))])
    0.6666666666666666
    """
    both = sum(int(((a != 0) & (b != 0)).sum()) for a, b in zip(found, asked, strict=True))
    total = sum(int((a != 0).sum()) for a in (*found, *asked))
    return 2 * both / total if total else 1.0
