"""Nearest-neighbour resampling of masks, from whole places, so that every machine gives the
same pixels."""

from __future__ import annotations

from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask
from medsynth.masks.instances import renumber
from medsynth.masks.mirror import cut_objects_beyond

Outside = Literal["mirror", "background"]


def sample_nearest(mask: Mask, places: NDArray[np.int16], outside: Outside) -> Mask:
    """Return the mask read at given places.

    Args:
        mask: the mask to read, with sides of at most 16,383 pixels.
        places: (H, W, 2) int16 (column, row) that each pixel comes from; they may lie
            outside of the picture.
        outside: what lies beyond the picture: background, or "mirror": an object that the
            frame cuts goes on, mirrored, and all else is background.
    """
    height, width = mask.hw
    labels = gathered(mask.labels, places)
    ids = None if mask.instances is None else gathered(mask.instances, places)
    if outside == "mirror" and has_foreground_on_frame(mask):
        cols, rows = places[..., 0], places[..., 1]
        outside_px = (rows.view(np.uint16) >= height) | (cols.view(np.uint16) >= width)
        beyond = np.flatnonzero(outside_px)  # what is negative counts as large
        far = places.reshape(-1, 2)[beyond].astype(np.int64)
        labels.ravel()[beyond], ids_beyond = cut_objects_beyond(mask, far[:, 1], far[:, 0])
        if ids is not None and ids_beyond is not None:
            ids = ids.astype(np.int64)
            ids.ravel()[beyond] = ids_beyond
    return Mask(labels, None if ids is None else renumber(ids))


def gathered(array: NDArray[Any], places: NDArray[np.int16]) -> NDArray[Any]:
    """Return array[row, column] for each of the (H, W, 2) int16 (column, row); 0 outside."""
    found: NDArray[Any] = cv2.remap(array, places, None, cv2.INTER_NEAREST)
    return found


def has_foreground_on_frame(mask: Mask) -> bool:
    """Return whether the frame cuts any object."""
    sides = (mask.labels[0], mask.labels[-1], mask.labels[:, 0], mask.labels[:, -1])
    return any(bool(side.any()) for side in sides)


def resize_nearest(array: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    """Return the (H, W) array resized to (height, width) by the nearest pixel centre."""
    rows = (2 * np.arange(height) + 1) * array.shape[0] // (2 * height)
    cols = (2 * np.arange(width) + 1) * array.shape[1] // (2 * width)
    resized: NDArray[Any] = array[rows[:, None], cols]
    return resized
