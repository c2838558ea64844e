"""Nearest-neighbour resampling of masks, in numpy, so that every machine gives the same pixels."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask
from medsynth.masks.instances import renumber
from medsynth.masks.mirror import cut_objects_beyond

Outside = Literal["mirror", "background"]


def sample_nearest(
    mask: Mask, rows: NDArray[np.float64], cols: NDArray[np.float64], outside: Outside
) -> Mask:
    """Return the mask read at (rows, cols): pixel (y, x) comes from (rows[y, x], cols[y, x]).

    Args:
        mask: the mask to read.
        rows: (H, W) float64 row coordinates in pixels; integers are pixel centres.
        cols: (H, W) float64 column coordinates in pixels.
        outside: what lies beyond the picture: background, or "mirror": an object that the
            frame cuts goes on, mirrored, and all else is background.
    """
    height, width = mask.hw
    row = np.rint(rows).astype(np.int64)
    col = np.rint(cols).astype(np.int64)
    inside = (row >= 0) & (row < height) & (col >= 0) & (col < width)
    at = np.where(inside, row * width + col, 0)
    labels = mask.labels.ravel().take(at) * inside
    ids = None if mask.instances is None else mask.instances.ravel().take(at) * inside
    if outside == "mirror" and not inside.all():
        beyond = ~inside
        labels[beyond], ids_beyond = cut_objects_beyond(mask, row[beyond], col[beyond])
        if ids is not None and ids_beyond is not None:
            ids[beyond] = ids_beyond
    return Mask(labels, None if ids is None else renumber(ids))


def resize_nearest(array: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    """Return the (H, W) array resized to (height, width) by the nearest pixel centre."""
    rows = (2 * np.arange(height) + 1) * array.shape[0] // (2 * height)
    cols = (2 * np.arange(width) + 1) * array.shape[1] // (2 * width)
    resized: NDArray[Any] = array[rows[:, None], cols]
    return resized
