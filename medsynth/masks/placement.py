"""Whether foreground lies where it may: the rules that can be asked between two steps.

A flip or a shift that puts a lesion where none is seen dooms the draw, however good the shape;
drawing that step again costs a tenth of drawing all of them again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask
from medsynth.masks.box import foreground_box
from medsynth.masks.features import frame_share
from medsynth.masks.moments import centroid_of
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
        self._low, self._high = low[at].tolist(), high[at].tolist()

    def holds(self, mask: Mask) -> bool:
        """Return whether a mask keeps the bounds; one without foreground does not."""
        top, left, tall, wide = foreground_box(mask)
        if not wide:
            return False
        height, width = mask.hw
        here = mask.labels[top : top + tall, left : left + wide] > 0
        row, col = centroid_of(here.view(np.uint8))
        inside = 0 < top < height - tall and 0 < left < width - wide
        border = 0.0 if inside else frame_share(mask.labels)
        found = ((top + row + 0.5) / height, (left + col + 0.5) / width, border)
        return all(
            low <= value <= high
            for low, value, high in zip(self._low, found, self._high, strict=True)
        )
