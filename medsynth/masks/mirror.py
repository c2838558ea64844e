"""What lies beyond the frame: the objects that it cuts, mirrored at it.

A cut object that moves inwards would show a straight edge; its mirror image rounds it
off. Objects that the frame does not cut are not repeated.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask
from medsynth.masks.instances import MOST_INSTANCES
from medsynth.masks.objects import find_objects


def cut_objects_beyond(
    mask: Mask, rows: NDArray[np.int64], cols: NDArray[np.int64]
) -> tuple[NDArray[np.uint8], NDArray[np.int64] | None]:
    """Return what is seen at places outside of the mask.

    Args:
        mask: the mask.
        rows: (n,) int64 rows of the places.
        cols: (n,) int64 columns of the places.

    Returns:
        (n,) uint8 labels, and (n,) int64 instance ids where the mask has instances. An
        instance that the frame does not cut itself, but whose object it does (a nucleus
        in a cell), is seen with a new id.
    """
    height, width = mask.hw
    crossed = np.stack([rows < 0, rows >= height, cols < 0, cols >= width], axis=1)
    rows, cols = mirrored(rows, height), mirrored(cols, width)
    seen = (rows >= 0) & (cols >= 0)
    objects, count = find_objects(mask)
    seen &= (objects[rows, cols] > 0) & cut_at(objects, count, objects[rows, cols], crossed)
    labels = mask.labels[rows, cols] * seen
    if mask.instances is None:
        return labels, None
    count = int(mask.instances.max(initial=0))
    ids = mask.instances[rows, cols].astype(np.int64)
    if 2 * count <= MOST_INSTANCES:
        ids[~cut_at(mask.instances, count, ids, crossed)] += count
    return labels, ids * seen


def mirrored(places: NDArray[np.int64], size_px: int) -> NDArray[np.int64]:
    """Return places outside [0, size_px) mirrored into it; -1 where they are too far away.

    >>> mirrored(np.array([-5, -2, -1, 0, 3, 4, 8]), 4).tolist()
    [-1, 1, 0, 0, 3, 3, -1]
    """
    back = np.where(places < 0, -1 - places, places)
    back = np.where(back >= size_px, 2 * size_px - 1 - back, back)
    near = (places >= -size_px) & (places < 2 * size_px)
    return np.where(near, back, -1)


def cut_at(
    found: NDArray[Any], count: int, ids: NDArray[Any], crossed: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Return whether each object of `ids` touches all of the frame's sides that were crossed.

    Args:
        found: (H, W) map of objects 0..count.
        count: how many objects there are.
        ids: (n,) objects asked for.
        crossed: (n, 4) bool: top, bottom, left, right.
    """
    touches = np.zeros((count + 1, 4), bool)
    for side, line in enumerate((found[0], found[-1], found[:, 0], found[:, -1])):
        touches[line, side] = True
    answer: NDArray[np.bool_] = (touches[ids] | ~crossed).all(axis=1)
    return answer
