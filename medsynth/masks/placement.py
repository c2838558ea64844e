"""Whether foreground lies where it may: the rules that can be asked between two steps.

A flip or a shift that puts a lesion where none is seen dooms the draw, however good the shape;
drawing that step again costs a tenth of drawing all of them again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask
from medsynth.masks.features import frame_share
from medsynth.masks.moments import foreground_of, moments_of
from medsynth.masks.plausibility import Rules

NAMES = ("row", "column", "border")


class Placement:
    """The bounds of a mask's centroid and of its share of the frame.

    Args:
        rules: of the profile.
        source: (d,) features of the source mask, which may be odd itself.
    """

    def __init__(self, rules: Rules, source: NDArray[np.float64]) -> None:
        low, high = rules.bounds(source)
        at = [rules.names.index(name) for name in NAMES]
        self._low, self._high = low[at], high[at]

    def holds(self, mask: Mask) -> bool:
        """Return whether a mask keeps the bounds; one without foreground does not."""
        foreground = foreground_of(mask.labels)
        moments, (height, width) = moments_of(foreground), mask.hw
        if not moments.area_px:
            return False
        row, col = (moments.row + 0.5) / height, (moments.col + 0.5) / width
        found = np.array([row, col, frame_share(foreground)])
        return bool(((found >= self._low) & (found <= self._high)).all())
