"""Nearest-neighbour resampling of masks, from whole places, so that every machine gives the
same pixels."""

from __future__ import annotations

from math import ceil, floor
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask
from medsynth.masks.box import Window
from medsynth.masks.instances import renumber
from medsynth.masks.mirror import Seen
from medsynth.masks.nearest import only_label


def sample_nearest(
    seen: Seen,
    rows: NDArray[np.int16],
    cols: NDArray[np.int16],
    window: Window,
    hw: tuple[int, int],
) -> Mask:
    """Return the mask whose pixels are read at given places.

    Args:
        seen: what to read, of a mask with sides of at most 10,000 pixels.
        rows: (h, w) int16 row in `seen.labels` that each pixel of the window comes from; what
            is outside of them is background.
        cols: (h, w) int16 columns.
        window: the pixels that places are given for; all others are background.
        hw: height and width of the mask in pixels.
    """
    result = Mask(
        np.zeros(hw, np.uint8), None if seen.instances is None else np.zeros(hw, np.uint16)
    )
    if not rows.size:
        return result
    places = cv2.merge([cols, rows])
    label = None
    if result.instances is not None:
        ids: Any = cv2.remap(seen.instances, places, None, cv2.INTER_NEAREST)
        result.instances[window] = renumber(ids)
        label = only_label(seen.labels)
    result.labels[window] = (
        cv2.remap(seen.labels, places, None, cv2.INTER_NEAREST)
        if label is None
        else (ids > 0) * label
    )
    return result


def window_of(rows: tuple[float, float], cols: tuple[float, float], hw: tuple[int, int]) -> Window:
    """Return the pixels within two ranges and within the picture; it may be empty."""
    first, second = (
        slice(max(0, min(floor(low), side)), max(0, min(ceil(high) + 1, side)))
        for (low, high), side in zip((rows, cols), hw, strict=True)
    )
    return first, second
