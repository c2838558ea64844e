"""A polygon to pixels exactly as pycocotools fills it.

Source: `rleFrPoly` of pycocotools (common/maskApi.c). The outline is drawn on a grid five
times as fine; where it crosses the middle of a pixel column, everything below changes sides.
Nearly every pixel is the one whose centre is inside, but the rounding of corners decides at
edges, so a data set reads here as it was scored there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FINER = 5


def polygon_positions(ring: NDArray[np.float64], hw: tuple[int, int]) -> NDArray[np.int64]:
    """Return the pixels of a closed polygon as column * H + row, ascending; cut at the frame.

    Args:
        ring: (n, 2) float64 corners (x, y), finite; pixel (0, 0) covers x and y in [0, 1].
        hw: height and width in pixels. Work grows with the length of the outline, so
            corners far outside are the caller's to refuse.
    """
    corners = np.trunc(FINER * ring + 0.5).astype(np.int64)
    left, top = (corners.min(axis=0) // FINER - 1).clip(0)
    right, bottom = np.minimum(corners.max(axis=0) // FINER + 2, hw[::-1])
    if right <= left or bottom <= top:
        return np.zeros(0, np.int64)
    inside = _fill(corners - FINER * np.array([left, top]), (bottom - top, right - left))
    columns, rows = np.nonzero(inside)
    return np.asarray((columns + left) * hw[0] + rows + top)


def _fill(corners: NDArray[np.int64], hw: tuple[int, int]) -> NDArray[np.bool_]:
    """Return (W, H) bool: the inside of corners on the fine grid, in a window of size `hw`."""
    outline = _outline(corners, np.roll(corners, -1, axis=0))
    before, after = outline[:-1], outline[1:]
    crosses = before[:, 0] != after[:, 0]
    before, after = before[crosses], after[crosses]
    x = np.where(after[:, 0] < before[:, 0], after[:, 0], after[:, 0] - 1)
    x, y = (np.stack([x, np.minimum(before[:, 1], after[:, 1])]) + 0.5) / FINER - 0.5
    hits = (np.floor(x) == x) & (x >= 0) & (x <= hw[1] - 1)
    rows = np.ceil(y[hits].clip(0, hw[0])).astype(np.int64)
    toggles = np.zeros(hw[0] * hw[1] + 1, np.uint8)
    np.bitwise_xor.at(toggles, x[hits].astype(np.int64) * hw[0] + rows, 1)
    return np.bitwise_xor.accumulate(toggles[:-1]).astype(bool).reshape(hw[1], hw[0])


def _outline(starts: NDArray[np.int64], ends: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return (m, 2) points of all edges on the fine grid, one a step of the longer axis."""
    steps = np.abs(ends - starts)
    steep = steps[:, 0] < steps[:, 1]
    length = steps.max(axis=1)
    edge = np.repeat(np.arange(len(starts)), length + 1)
    step = np.arange(edge.size) - np.repeat(np.cumsum(length + 1) - length - 1, length + 1)
    along = steep.astype(np.intp)
    every = np.arange(len(starts))
    # Each edge is drawn from its lower end, so that it looks the same both ways.
    back = starts[every, along] > ends[every, along]
    low = np.where(back[:, None], ends, starts)
    high = np.where(back[:, None], starts, ends)
    step = np.where(back[edge], length[edge] - step, step)
    rise = (high - low)[every, 1 - along] / np.maximum(length, 1)
    main = low[every, along][edge] + step
    across = np.trunc(low[every, 1 - along][edge] + rise[edge] * step + 0.5).astype(np.int64)
    return np.where(steep[edge][:, None], np.stack([across, main], 1), np.stack([main, across], 1))
