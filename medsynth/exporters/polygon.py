"""Polygons along the edges of pixels, so that a reader gets every pixel back.

Points are (x, y) pixel corners: pixel (row, column) covers x in [column, column + 1] and y in
[row, row + 1], the convention of COCO. A polygon cannot carry a hole; a hole is joined to what
ends to the left of it by a bridge of no width, walked there and back, which fills right under both
the even-odd and the non-zero rule. Each 4-connected piece is a polygon of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Point = tuple[int, int]
Ring = list[Point]
Ints = NDArray[np.int64]

# Walking with the object on the right hand, y downwards; to turn right is to take the next one.
_EAST, _SOUTH, _WEST, _NORTH = range(4)
_STEPS = np.array([(1, 0), (0, 1), (-1, 0), (0, -1)])


@dataclass(frozen=True)
class Boundary:
    """All edges between object and background, as steps of a pixel, each with the next one.

    starts: (N, 2) int64, the corner (x, y) that a step leaves. kinds: (N,) int64, east to north.
    following: (N,) int64, the step after each: a permutation, each cycle of which is a ring.
    Steps are in the order of kind, row, column.
    """

    starts: Ints
    kinds: Ints
    following: Ints

    @property
    def ends(self) -> Ints:
        """(N, 2) int64, the corner that a step comes to."""
        return np.asarray(self.starts + _STEPS[self.kinds])


def polygons(pixels: NDArray[np.bool_], offset: Point = (0, 0)) -> list[list[int]]:
    """Return polygons [x1, y1, x2, y2, ...] that together cover exactly `pixels`.

    Args:
        pixels: (H, W) bool.
        offset: (x, y) added to every point.
    """
    boundary = _with_bridges(boundary_of(pixels))
    return [(ring + offset).ravel().tolist() for ring in _rings(boundary)]


def rings(piece: NDArray[np.bool_]) -> list[Ring]:
    """Return the outline of one 4-connected piece and then its holes, corners only.

    The outline runs clockwise as seen on the screen, holes the other way round.
    """
    found = [[(x, y) for x, y in ring.tolist()] for ring in _rings(boundary_of(piece))]
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


def boundary_of(pixels: NDArray[np.bool_]) -> Boundary:
    """Return the edges of (H, W) bool pixels.

    Where two pixels of the object touch by a corner only, the walk turns right and so stays on
    the pixel it is on.
    """
    padded = np.pad(pixels, 1)
    inside = padded[1:-1, 1:-1]
    neighbours = (  # what lies to the left of each step, and where on the pixel the step begins
        (padded[:-2, 1:-1], (0, 0)),
        (padded[1:-1, 2:], (1, 0)),
        (padded[2:, 1:-1], (1, 1)),
        (padded[1:-1, :-2], (0, 1)),
    )
    found = [np.argwhere(inside & ~beside)[:, ::-1] + begin for beside, begin in neighbours]
    starts = np.concatenate(found)
    kinds = np.repeat(np.arange(4), [len(each) for each in found])
    leaving = np.full((pixels.shape[1] + 1, pixels.shape[0] + 1, 4), -1)
    leaving[*starts.T, kinds] = np.arange(len(starts))
    choice = leaving[*(starts + _STEPS[kinds]).T]  # (N, 4)
    turns = [np.take_along_axis(choice, (kinds[:, None] + k) % 4, 1)[:, 0] for k in (1, 0, 3)]
    right, straight, left = turns
    return Boundary(
        starts, kinds, np.where(right >= 0, right, np.where(straight >= 0, straight, left))
    )


def _with_bridges(boundary: Boundary) -> Boundary:
    """Return a boundary whose walk goes from the left out to each hole, round it, and back.

    The top of a hole's left side looks left through the object, to the step north at which its
    row ends: of the outline, or of a hole that begins further left. To change over which step
    follows this one and which the last one before that corner makes one ring of two.
    """
    starts, kinds, following = boundary.starts, boundary.kinds, boundary.following
    ring = _numbered(following)
    corner = np.lexsort((kinds, starts[:, 1], starts[:, 0], ring))
    corner = corner[np.r_[True, np.diff(ring[corner]) > 0]] if len(corner) else corner
    hole = corner[kinds[corner] == _SOUTH]
    before = np.empty_like(following)
    before[following] = np.arange(len(following))
    north = np.flatnonzero(kinds == _NORTH)
    xs, rows = starts[north, 0], starts[north, 1] - 1
    order = np.lexsort((xs, rows))
    wide = starts.max(initial=0) + 1
    at = np.searchsorted((rows * wide + xs)[order], starts[hole, 1] * wide + starts[hole, 0]) - 1
    here, there = north[order[at]], before[hole]
    joined = following.copy()
    joined[here], joined[there] = following[there], following[here]
    return replace(boundary, following=joined)


def _numbered(following: Ints) -> Ints:
    """Return the number of the ring that each step is part of."""
    ring = np.full(len(following), -1)
    for number, steps in enumerate(_walks(following.tolist(), range(len(following)))):
        ring[steps] = number
    return ring


def _walks(following: list[int], begin: Iterable[int]) -> Iterator[list[int]]:
    """Yield the steps of each ring once, from the first of `begin` that is part of it."""
    seen = bytearray(len(following))
    for first in begin:
        if seen[first]:
            continue
        steps, step = [], first
        while not seen[step]:
            seen[step] = True
            steps.append(step)
            step = following[step]
        yield steps


def _rings(boundary: Boundary) -> Iterator[Ints]:
    """Yield the corners (M, 2) of each ring, from its top left; rings in the order of rows."""
    east = range(int((boundary.kinds == _EAST).sum()))
    for steps in _walks(boundary.following.tolist(), east):
        kinds, starts = boundary.kinds[steps], boundary.starts[steps]
        ends = np.roll(boundary.ends[steps], 1, 0)  # of the step before
        leaps = (ends != starts).any(1)
        turns = leaps | (kinds != np.roll(kinds, 1))
        points = np.stack([ends, starts], 1).reshape(-1, 2)
        yield points[np.stack([leaps, turns], 1).ravel()]


def _signed_area(ring: Ring) -> float:
    points = np.asarray(ring)
    x, y = points[:, 0], points[:, 1]
    return float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)) / 2
