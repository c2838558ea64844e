"""The parts of an image that a copy may show: small views, compared by one matrix product.

First stage of the copy detector. A copy that was cropped to `LEAST_SIDE` of the side or more
looks, when small, like one of the views of its original; one that was flipped or turned does so
as one of its own variants.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

THUMB_PX = 64
"""Side of the square that all images are compared in."""
VIEW_PX = 12
"""Side of a view. 12 and 16 find the original equally often, tests/benchmarks/copies.py."""
LEAST_SIDE = 0.8
STEP = 1 / 15
"""Between scales, and between places of a window, in sides. A third of the crop's most."""

Grey = NDArray[np.float32]


class Window(NamedTuple):
    """An interval of an image's side: where it begins and how long it is, in sides."""

    start: float
    length: float


@cache
def windows() -> list[Window]:
    """Return the intervals of one side, from the whole to the shortest."""
    count = round((1 - LEAST_SIDE) / STEP)
    return [Window(place * STEP, 1 - k * STEP) for k in range(count + 1) for place in range(k + 1)]


@cache
def view_windows() -> list[tuple[Window, Window]]:
    """Return the (rows, columns) of each view: sides may differ by one step."""
    near = STEP * 1.5
    return [(y, x) for y, x in product(windows(), windows()) if abs(y.length - x.length) < near]


def thumbnail(image: NDArray[np.uint8]) -> Grey:
    """Return (THUMB_PX, THUMB_PX) float32, the mean of the channels in [0, 255].

    Args:
        image: (H, W) or (H, W, C) uint8.
    """
    grey = image.astype(np.float32)
    grey = grey if grey.ndim == 2 else grey.mean(2)
    how = cv2.INTER_AREA if min(grey.shape) >= THUMB_PX else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(grey, (THUMB_PX, THUMB_PX), interpolation=how), np.float32)


def variants(image: NDArray[Any]) -> list[NDArray[Any]]:
    """Return an image (H, W, ...) in its eight flips and quarter turns, itself the first."""
    ways = [image, image[:, ::-1], image[::-1], image[::-1, ::-1]]
    return ways + [way.swapaxes(0, 1) for way in ways]


def views(thumbnails: Grey) -> NDArray[np.float32]:
    """Return (N, views, VIEW_PX**2): each view centred, of unit length, or 0 where it is flat.

    Args:
        thumbnails: (N, THUMB_PX, THUMB_PX).
    """
    sides = windows()
    average = np.concatenate([_averaging(window) for window in sides])
    grid = (average @ thumbnails @ average.T).reshape(
        len(thumbnails), len(sides), VIEW_PX, len(sides), VIEW_PX
    )
    chosen = view_windows()
    rows = [sides.index(y) for y, _ in chosen]
    columns = [sides.index(x) for _, x in chosen]
    each = grid.transpose(1, 3, 0, 2, 4)[rows, columns].swapaxes(0, 1)
    return _unit(each.reshape(len(thumbnails), len(chosen), VIEW_PX**2))


def whole(thumbnails: Grey) -> NDArray[np.float32]:
    """Return the view of the whole, (N, VIEW_PX**2), of (N, THUMB_PX, THUMB_PX)."""
    average = _averaging(Window(0, 1))
    small = np.asarray(average @ thumbnails @ average.T, np.float32)
    return _unit(small.reshape(len(thumbnails), VIEW_PX**2))


def _averaging(window: Window) -> NDArray[np.float32]:
    """Return (VIEW_PX, THUMB_PX) weights that average a window of a side."""
    edges = (window.start + window.length * np.arange(VIEW_PX + 1) / VIEW_PX) * THUMB_PX
    pixel = np.arange(THUMB_PX, dtype=np.float32)
    shared = np.minimum(edges[1:, None], pixel + 1) - np.maximum(edges[:-1, None], pixel)
    weights = np.maximum(shared, 0)
    return np.asarray(weights / weights.sum(1, keepdims=True), np.float32)


def _unit(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return rows centred and of unit length; 0 where they are flat to a hundredth of a level."""
    centred = rows - rows.mean(-1, keepdims=True)
    length = np.linalg.norm(centred, axis=-1, keepdims=True)
    return np.asarray(centred / np.maximum(length, 1e-6) * (length > 0.01 * VIEW_PX), np.float32)
