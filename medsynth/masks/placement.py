"""Whether foreground lies where it may: the rules that can be asked between two steps.

A flip or a shift that puts a lesion where none is seen dooms the draw, however good the shape;
drawing that step again costs a tenth of drawing all of them again.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask
from medsynth.masks.features import frame_share
from medsynth.masks.moments import foreground_of
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
        (height, width), (left, top, wide, tall) = mask.hw, cv2.boundingRect(mask.labels)
        if not wide:
            return False
        around = mask.labels[top : top + tall, left : left + wide]
        m = cv2.moments(around, binaryImage=True)
        row = (top + m["m01"] / m["m00"] + 0.5) / height
        col = (left + m["m10"] / m["m00"] + 0.5) / width
        inside = 0 < top < height - tall and 0 < left < width - wide
        border = 0.0 if inside else frame_share(foreground_of(mask.labels))
        found = np.array([row, col, border])
        return bool(((found >= self._low) & (found <= self._high)).all())
