"""What can be read of a mask: its foreground and, beyond the frame, what the frame cuts.

A cut object that moves inwards would show a straight edge; its mirror image rounds it
off. Objects that the frame does not cut are not repeated.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask
from medsynth.masks.box import foreground_box
from medsynth.masks.copying import only, within
from medsynth.masks.instances import MOST_INSTANCES
from medsynth.masks.objects import find_objects

Outside = Literal["mirror", "background"]
Span = tuple[int, int]
"""The first and the last of some rows or columns."""


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """All of a mask that is not background, with what lies beyond its frame.

    rows, cols: where, in pixels of the mask; negative or too large is beyond the frame.
    labels: (h, w) uint8 class ids.
    instances: (h, w) uint16 ids, or None; an instance that the frame does not cut itself, but
        whose object it does (a nucleus in a cell), is seen beyond it with a new id.
    """

    rows: Span
    cols: Span
    labels: NDArray[np.uint8]
    instances: NDArray[np.uint16] | None


def seen_of(mask: Mask, outside: Outside) -> Seen | None:
    """Return what can be read of a mask; None without foreground."""
    top, left, height, width = foreground_box(mask)
    if not width:
        return None
    rows, cols = (top, top + height - 1), (left, left + width - 1)
    if outside == "mirror":
        rows, cols = with_mirrored(rows, mask.hw[0]), with_mirrored(cols, mask.hw[1])
    if rows[1] - rows[0] < height and cols[1] - cols[0] < width:
        box = np.s_[top : top + height, left : left + width]
        return Seen(
            rows, cols, mask.labels[box], None if mask.instances is None else mask.instances[box]
        )
    return _with_cut_objects(mask, rows, cols)


def with_mirrored(span: Span, side_px: int) -> Span:
    """Return a span with its mirror images at the ends of a side, where it reaches them.

    >>> with_mirrored((0, 2), 10), with_mirrored((7, 9), 10), with_mirrored((3, 5), 10)
    ((-3, 2), (7, 12), (3, 5))
    """
    first, last = span
    return (
        -1 - last if first == 0 else first,
        2 * side_px - 1 - first if last == side_px - 1 else last,
    )


def _with_cut_objects(mask: Mask, rows: Span, cols: Span) -> Seen:
    size = rows[1] - rows[0] + 1, cols[1] - cols[0] + 1
    labels = np.zeros(size, np.uint8)
    ids = None if mask.instances is None else np.zeros(size, np.uint16)
    objects, count = find_objects(mask)
    cut = cut_sides(objects, count)
    for (to_row, row, *side), (to_col, col, *other) in product(
        _parts(rows, mask.hw[0], 0), _parts(cols, mask.hw[1], 2)
    ):
        part = within(mask, (row, col))
        crossed = [*side, *other]
        if crossed:
            kept = touching_all(cut, crossed)
            part = only(part, kept[objects[row, col]] if count > 1 else kept[-1:])
        labels[to_row, to_col] = part.labels
        if ids is not None and part.instances is not None and mask.instances is not None:
            known = part.instances
            ids[to_row, to_col] = ids_beyond(mask.instances, crossed)[known] if crossed else known
    return Seen(rows, cols, labels, ids)


def _parts(span: Span, side_px: int, first_side: int) -> Iterator[tuple[Any, ...]]:
    """Yield (where in the span, which rows or columns, the side that is crossed if one is)."""
    first, last = span
    inner = max(first, 0), min(last, side_px - 1)
    yield slice(inner[0] - first, inner[1] - first + 1), slice(inner[0], inner[1] + 1)
    if first < 0:
        yield slice(0, -first), slice(-first - 1, None, -1), first_side
    if last >= side_px:
        back = 2 * side_px - 2 - last
        yield (
            slice(side_px - first, None),
            slice(side_px - 1, back if back >= 0 else None, -1),
            first_side + 1,
        )


def cut_sides(found: NDArray[Any], count: int) -> NDArray[np.bool_]:
    """Return (count + 1, 4) bool: whether each object reaches the top, bottom, left, right.

    Args:
        found: (H, W) map of objects 0..count.
        count: how many objects there are.
    """
    reaches = np.zeros((count + 1, 4), bool)
    for side, line in enumerate((found[0], found[-1], found[:, 0], found[:, -1])):
        reaches[line, side] = True
    return reaches


def touching_all(cut: NDArray[np.bool_], sides: Sequence[int]) -> NDArray[np.bool_]:
    """Return (n + 1,) bool: which objects reach all of some sides; see `cut_sides`."""
    return np.asarray(cut[:, sides].all(axis=1))


def ids_beyond(instances: NDArray[np.uint16], crossed: Sequence[int]) -> NDArray[np.uint16]:
    """Return the (n + 1,) uint16 id that each instance has beyond some of the frame's sides."""
    count = int(instances.max(initial=0))
    ids = np.arange(count + 1)
    if 2 * count <= MOST_INSTANCES:
        ids[1:][~touching_all(cut_sides(instances, count), crossed)[1:]] += count
    return ids.astype(np.uint16)
