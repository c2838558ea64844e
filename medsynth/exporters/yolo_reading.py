"""What Ultralytics makes of the rows of an image, at the size of the image.

It fills points up to a common number, cuts them to whole pixels and fills the polygon with
`cv2.fillPoly`, outline included. Source: `resample_segments` and `polygon2mask` of 8.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

MOST_POINTS = 1000
Shares = NDArray[np.float32]
"""(N, 2) as (x, y), in widths and heights of the image."""


def read_row(row: str) -> tuple[int, Shares]:
    """Return class and outline of a row."""
    class_id, *numbers = row.split()
    return int(class_id), np.array(numbers, dtype=np.float32).reshape(-1, 2)


def filled(outlines: Sequence[Shares], hw: tuple[int, int]) -> Iterator[NDArray[np.bool_]]:
    """Yield the (H, W) bool mask of each outline of one image."""
    longest = max(map(len, outlines), default=0)
    count = MOST_POINTS if longest <= MOST_POINTS else longest + 1
    size = np.array(hw[::-1], dtype=np.float32)
    for outline in outlines:
        yield drawn(spread(outline, count) * size, hw)


def drawn(points: NDArray[np.floating], hw: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the (H, W) bool mask of an outline in pixels, filled as Ultralytics does."""
    mask = np.zeros(hw, dtype=np.uint8)
    cv2.fillPoly(mask, [points.astype(np.int32)], 1)
    return mask.astype(bool)


def spread(outline: Shares, count: int) -> Shares:
    """Return an outline of `count` points, all of its own among them."""
    if len(outline) == count:
        return outline
    closed = np.concatenate([outline, outline[:1]])
    own = np.arange(len(closed))
    places = np.linspace(0, len(outline), max(count - len(closed), 0))
    places = np.sort(np.concatenate([places, own]))
    x, y = (np.interp(places, own, closed[:, axis]) for axis in range(2))
    return np.stack([x, y], axis=1).astype(np.float32)
