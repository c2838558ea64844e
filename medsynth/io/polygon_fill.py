"""Polygons to pixels exactly as pycocotools fills them.

Source: `rleFrPoly` of pycocotools (common/maskApi.c). The outline is drawn on a grid five
times as fine; where it crosses the middle of a pixel column, everything below changes sides.
Nearly every pixel is the one whose centre is inside, but the rounding of corners decides at
edges, so a data set reads here as it was scored there.

Polygons are filled many at once, each in a window of its own; the windows lie one behind the
other in one array. An image of fifty small objects takes hardly longer than one of a single one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

FINER = 5
MOST_PX = 1 << 22
"""Pixels of the windows that are filled together; a single polygon may have more."""
Ints = NDArray[np.int64]


def polygon_positions(rings: Sequence[NDArray[np.float64]], hw: tuple[int, int]) -> Iterator[Ints]:
    """Yield the pixels of each closed polygon as column * H + row, ascending; cut at the frame.

    Args:
        rings: (n, 2) float64 corners (x, y) each, finite; pixel (0, 0) covers x and y in [0, 1].
        hw: height and width in pixels. Work grows with the length of the outline, so
            corners far outside are the caller's to refuse.
    """
    if not rings:
        return
    counts = np.array([len(ring) for ring in rings])
    corners = np.trunc(FINER * np.concatenate(rings) + 0.5).astype(np.int64)
    firsts = np.cumsum(counts) - counts
    lowest, highest = (f.reduceat(corners, firsts, axis=0) for f in (np.minimum, np.maximum))
    corner = (lowest // FINER - 1).clip(0)
    shape = (np.minimum(highest // FINER + 2, hw[::-1]) - corner).clip(0)
    corners -= np.repeat(FINER * corner, counts, axis=0)
    areas = shape.prod(axis=1)
    for start, end in _batches(areas):
        part = slice(firsts[start], firsts[end - 1] + counts[end - 1])
        which, columns, rows = _fill(corners[part], counts[start:end], shape[start:end])
        left, top = corner[start:end][which].T
        places = (columns + left) * hw[0] + rows + top
        yield from np.split(places, np.searchsorted(which, np.arange(1, end - start)))


def _batches(areas: Ints) -> Iterator[tuple[int, int]]:
    """Yield ranges of polygons whose windows have at most `MOST_PX` together, or one of more."""
    start = taken = 0
    for k, area in enumerate(areas.tolist()):
        if k > start and taken + area > MOST_PX:
            yield start, k
            start, taken = k, 0
        taken += area
    yield start, len(areas)


def _fill(corners: Ints, counts: Ints, shape: Ints) -> tuple[Ints, Ints, Ints]:
    """Return polygon, column and row of every pixel inside, in this order, in windows.

    Args:
        corners: (n, 2) on the fine grid, of all polygons, each counted from its window's corner.
        counts: corners of each polygon.
        shape: (width, height) of each window.
    """
    ring = np.repeat(np.arange(len(counts)), counts)
    nexts = np.arange(1, len(corners) + 1)
    nexts[np.cumsum(counts) - 1] = np.cumsum(counts) - counts
    outline, edge = _outline(corners, corners[nexts])
    ring = ring[edge]
    before, after = outline[:-1], outline[1:]
    crosses = (before[:, 0] != after[:, 0]) & (ring[:-1] == ring[1:])
    before, after, ring = before[crosses], after[crosses], ring[:-1][crosses]
    x = np.where(after[:, 0] < before[:, 0], after[:, 0], after[:, 0] - 1)
    x, y = (np.stack([x, np.minimum(before[:, 1], after[:, 1])]) + 0.5) / FINER - 0.5
    widths, heights = shape.T
    hits = (np.floor(x) == x) & (x >= 0) & (x <= widths[ring] - 1)
    ring, columns = ring[hits], x[hits].astype(np.int64)
    rows = np.ceil(y[hits].clip(0, heights[ring])).astype(np.int64)
    sizes = widths * heights + 1
    starts = np.cumsum(sizes) - sizes
    # One toggle may lie behind a window's last pixel. A closed outline crosses each column an
    # even number of times, so that every window begins outside of its polygon.
    toggles = np.zeros(int(sizes.sum()), np.uint8)
    np.bitwise_xor.at(toggles, starts[ring] + columns * heights[ring] + rows, 1)
    inside = np.flatnonzero(np.bitwise_xor.accumulate(toggles))
    which = np.searchsorted(starts, inside, "right") - 1
    columns, rows = np.divmod(inside - starts[which], heights[which])
    return which, columns, rows


def _outline(starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """Return (m, 2) points of edges on the fine grid, one a step of the longer axis; and whose."""
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
    columns, rows = np.where(steep[edge], [across, main], [main, across])
    return np.stack([columns, rows], 1), edge
