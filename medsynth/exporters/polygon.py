"""Polygons along the edges of pixels, so that a reader gets every pixel back.

Points are (x, y) pixel corners: pixel (row, column) covers x in [column, column + 1] and y in
[row, row + 1], the convention of COCO. A polygon cannot carry a hole; a hole is joined to
the outline by a bridge of no width, walked there and back, which fills right under both the
even-odd and the non-zero rule. Each 4-connected piece is a polygon of its own.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Point = tuple[int, int]
Ring = list[Point]

# Walking with the object on the right hand; steps as (dx, dy), y downwards.
_EAST, _SOUTH, _WEST, _NORTH = (1, 0), (0, 1), (-1, 0), (0, -1)


def polygons(pixels: NDArray[np.bool_], offset: Point = (0, 0)) -> list[list[int]]:
    """Return polygons [x1, y1, x2, y2, ...] that together cover exactly `pixels`.

    Args:
        pixels: (H, W) bool.
        offset: (x, y) added to every point.
    """
    pieces, _ = ndimage.label(pixels)
    found = []
    for number, (rows, columns) in enumerate(ndimage.find_objects(pieces), start=1):
        outline, *holes = rings(pieces[rows, columns] == number)
        for hole in holes:
            outline = _bridged(outline, hole)
        left, top = columns.start + offset[0], rows.start + offset[1]
        found.append([int(v) for x, y in outline for v in (x + left, y + top)])
    return found


def rings(piece: NDArray[np.bool_]) -> list[Ring]:
    """Return the outline of one 4-connected piece and then its holes, corners only.

    The outline runs clockwise as seen on the screen, holes the other way round.
    """
    steps = _boundary_steps(piece)
    found: list[Ring] = []
    while steps:
        found.append(_walk(steps, next(iter(steps))))
    return sorted(found, key=lambda ring: (-_signed_area(ring), min(ring)))


def rasterize(ring: list[int], hw: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the (H, W) bool mask of pixels whose centre is inside, by the even-odd rule."""
    points = np.asarray(ring, dtype=np.float64).reshape(-1, 2)
    ends = np.roll(points, -1, axis=0)
    swap = points[:, :1] > ends[:, :1]
    (x0, y0), (x1, y1) = np.where(swap, ends, points).T, np.where(swap, points, ends).T
    # Each edge toggles all pixels below it, in the columns whose centre line it crosses.
    first = np.clip(np.ceil(x0 - 0.5), 0, hw[1]).astype(int)
    widths = np.clip(np.ceil(x1 - 0.5), 0, hw[1]).astype(int) - first
    edge = np.repeat(np.arange(widths.size), widths)
    columns = np.arange(edge.size) - np.repeat(np.cumsum(widths) - widths, widths) + first[edge]
    slope = (y1 - y0)[edge] / (x1 - x0)[edge]
    rows = np.ceil(y0[edge] + (columns + 0.5 - x0[edge]) * slope - 0.5)
    toggles = np.zeros((hw[0] + 1, hw[1]), dtype=np.uint8)
    np.bitwise_xor.at(toggles, (np.clip(rows, 0, hw[0]).astype(int), columns), 1)
    return np.bitwise_xor.accumulate(toggles[:-1], axis=0).astype(bool)


def _boundary_steps(piece: NDArray[np.bool_]) -> dict[Point, list[Point]]:
    """Return corner -> steps that leave it along the edge between object and background."""
    padded = np.pad(piece, 1)
    inside = padded[1:-1, 1:-1]
    neighbours = {
        _EAST: (padded[:-2, 1:-1], (0, 0)),  # background above: walk along the top edge
        _SOUTH: (padded[1:-1, 2:], (1, 0)),
        _WEST: (padded[2:, 1:-1], (1, 1)),
        _NORTH: (padded[1:-1, :-2], (0, 1)),
    }
    steps: dict[Point, list[Point]] = {}
    for step, (neighbour, (dx, dy)) in neighbours.items():
        for row, column in np.argwhere(inside & ~neighbour).tolist():
            steps.setdefault((column + dx, row + dy), []).append(step)
    return steps


def _walk(steps: dict[Point, list[Point]], start: Point) -> Ring:
    """Take one closed ring out of `steps`; return its corners.

    Where two pixels of the piece touch by a corner only, the walk turns right and so stays
    on the pixel it is on.
    """
    ring: Ring = []
    place, before = start, (0, 0)
    while place in steps:
        leaving = steps[place]
        right = (-before[1], before[0])
        step = right if right in leaving else leaving[0]
        leaving.remove(step)
        if not leaving:
            del steps[place]
        if step != before:
            ring.append(place)
        place, before = (place[0] + step[0], place[1] + step[1]), step
    return ring


def _signed_area(ring: Ring) -> float:
    points = np.asarray(ring)
    x, y = points[:, 0], points[:, 1]
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2


def _bridged(outline: Ring, hole: Ring) -> Ring:
    """Return one ring: the outline, across to the hole, round it, and back."""
    distances = np.abs(np.asarray(outline) - np.asarray(hole[0])).sum(axis=1)
    i = int(np.argmin(distances))
    return [*outline[: i + 1], *hole, hole[0], *outline[i:]]
