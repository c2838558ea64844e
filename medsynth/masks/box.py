"""The box that foreground lies in, so that work is done there and not on the whole picture."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Box, Mask

Window = tuple[slice, slice]


@lru_cache(maxsize=16)
def foreground_box(mask: Mask) -> Box:
    """Return the bounding box of a mask's foreground, of height 0 without; kept for later calls."""
    return box_of(mask.labels)


def box_of(region: NDArray[Any]) -> Box:
    """Return the bounding box of what is not 0 in an (H, W) bool or uint8 map."""
    left, top, width, height = cv2.boundingRect(np.ascontiguousarray(region).view(np.uint8))
    return top, left, height, width


def around(box: Box, margin_px: int) -> Window:
    """Return the window of a box with a margin, within the picture above and to the left."""
    top, left, height, width = box
    rows = slice(max(0, top - margin_px), top + height + margin_px)
    return rows, slice(max(0, left - margin_px), left + width + margin_px)
