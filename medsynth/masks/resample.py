"""Nearest-neighbour resampling of masks, in numpy, so that every machine gives the same pixels."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask
from medsynth.masks.instances import renumber

Outside = Literal["edge", "background"]


def sample_nearest(
    mask: Mask, rows: NDArray[np.float64], cols: NDArray[np.float64], outside: Outside
) -> Mask:
    """Return the mask read at (rows, cols): pixel (y, x) comes from (rows[y, x], cols[y, x]).

    Args:
        mask: the mask to read.
        rows: (H, W) float64 row coordinates in pixels; integers are pixel centres.
        cols: (H, W) float64 column coordinates in pixels.
        outside: what lies beyond the picture: its edge pixels going on, so that an object
            that the frame cuts still runs out of the frame, or background.
    """
    height, width = mask.hw
    row = np.rint(rows).astype(np.int64)
    col = np.rint(cols).astype(np.int64)
    inside = None
    if outside == "background":
        inside = (row >= 0) & (row < height) & (col >= 0) & (col < width)
    np.clip(row, 0, height - 1, out=row)
    np.clip(col, 0, width - 1, out=col)
    row *= width
    row += col

    def read(array: NDArray[Any]) -> NDArray[Any]:
        found = array.ravel().take(row)
        return found if inside is None else found * inside

    instances = None if mask.instances is None else renumber(read(mask.instances))
    return Mask(read(mask.labels), instances)


def resize_nearest(array: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    """Return the (H, W) array resized to (height, width) by the nearest pixel centre."""
    rows = (2 * np.arange(height) + 1) * array.shape[0] // (2 * height)
    cols = (2 * np.arange(width) + 1) * array.shape[1] // (2 * width)
    resized: NDArray[Any] = array[rows[:, None], cols]
    return resized
