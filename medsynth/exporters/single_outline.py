"""An object as one closed outline, holes and pieces joined to it: what YOLO rows hold.

Points lie a quarter of a pixel inside the edges of the outermost pixels. Cut to whole
numbers, as Ultralytics does, they are those pixels, and its `cv2.fillPoly`, which fills the
pixels of the outline too, gives the object again; a reader that fills by pixel centres gets
the same. A hole is joined upwards through the object, where the line changes nothing; a line
between two pieces that do not touch crosses background, and that is what is lost. Rarely one
pixel more: where pixels touch by a corner only and a point that a reader puts in between falls
on that very corner (2 of 2362 objects of random masks).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from scipy.spatial.distance import cdist

from medsynth.exporters.components import EIGHT_NEIGHBOURS
from medsynth.exporters.polygon import Ring, rings

INSET_PX = 0.25
ON_THE_WAY = 0.81
"""Share of a line between pieces at which it gets a point of its own. Where two pixels touch
by a corner, the points that a reader puts in between then keep off that corner."""
Points = NDArray[np.float64]
"""(N, 2) as (x, y), in pixels; the last point is joined to the first."""


def single_outline(pixels: NDArray[np.bool_]) -> tuple[Points, int, int]:
    """Return one outline of all `pixels`, the number of holes, and of pieces that do not touch.

    Args:
        pixels: (H, W) bool, not empty.
    """
    pieces, count = ndimage.label(pixels)
    if count > 1:
        _, count = ndimage.label(pixels, structure=EIGHT_NEIGHBOURS)
    outlines, holes = [], 0
    for number, (rows, columns) in enumerate(ndimage.find_objects(pieces), start=1):
        piece = pieces[rows, columns] == number
        outline, *inner = rings(piece)
        joined = inset(outline)
        for hole in sorted(inner, key=lambda ring: min(y for _, y in ring)):
            joined = _with_hole(joined, inset(hole), piece)
        holes += len(inner)
        outlines.append(joined + np.array([columns.start, rows.start]))
    return _joined(outlines), holes, count


def inset(ring: Ring) -> Points:
    """Return the corners of a ring moved into the object, which lies to its right."""
    corners = np.asarray(ring, dtype=np.float64)
    leaving = np.sign(np.roll(corners, -1, axis=0) - corners)
    right = np.stack([-leaving[:, 1], leaving[:, 0]], axis=1)
    return np.asarray(corners + INSET_PX * (right + np.roll(right, 1, axis=0)))


def _with_hole(outline: Points, hole: Points, piece: NDArray[np.bool_]) -> Points:
    """Return the outline with a hole, joined from its top straight up to the edge above."""
    start = int(np.lexsort((hole[:, 0], hole[:, 1]))[0])
    x, y = hole[start]
    above = piece[: int(y) + 1, int(x)]
    background = np.flatnonzero(~above)
    edge = (background[-1] + 1 if background.size else 0) + INSET_PX
    ends = np.roll(outline, -1, axis=0)
    level = (outline[:, 1] == edge) & (ends[:, 1] == edge)
    spans = (np.minimum(outline[:, 0], ends[:, 0]) <= x) & (
        x <= np.maximum(outline[:, 0], ends[:, 0])
    )
    at = int(np.flatnonzero(level & spans)[0])
    there = np.array([[x, edge]])
    way = [there, np.roll(hole, -start, axis=0), hole[start : start + 1], there]
    return np.concatenate([outline[: at + 1], *way, outline[at + 1 :]])


def _joined(outlines: list[Points]) -> Points:
    """Return one outline of several, each joined where it comes nearest to those before it."""
    found, *rest = outlines
    newest = found
    nearest = [(np.inf, found[0], 0)] * len(rest)
    while rest:
        for index, outline in enumerate(rest):
            far = cdist(newest, outline)
            own, other = np.unravel_index(int(far.argmin()), far.shape)
            if far[own, other] < nearest[index][0]:
                nearest[index] = (float(far[own, other]), newest[own], int(other))
        next_one = min(range(len(rest)), key=lambda k: nearest[k][0])
        _, anchor, start = nearest.pop(next_one)
        newest = np.roll(rest.pop(next_one), -start, axis=0)
        at = int(np.flatnonzero((found == anchor).all(axis=1))[0])
        between = (anchor + ON_THE_WAY * (newest[0] - anchor))[None]
        way = [between, newest, newest[:1], between, anchor[None]]
        found = np.concatenate([found[: at + 1], *way, found[at + 1 :]])
    return found
