"""Objects that fell into pieces keep no more of them than they had, the largest."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def crumbs(before: NDArray[np.int32], after: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return (H, W) bool: the pieces that objects have more than before, the smallest ones.

    Args:
        before: (H, W) int32 map of objects 1..n.
        after: the same objects, changed.
    """
    _, old_owner = find_pieces(before)
    new, new_owner = find_pieces(after)
    had = np.bincount(old_owner, minlength=int(max(old_owner.max(), new_owner.max())) + 1)
    if (np.bincount(new_owner, minlength=len(had))[1:] <= had[1:]).all():
        return np.zeros(before.shape, bool)
    area = np.bincount(new.ravel(), minlength=len(new_owner))
    order = np.lexsort((-area, new_owner))
    first = np.searchsorted(new_owner[order], new_owner[order])
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - first
    extra = (rank >= had[new_owner]) & (new_owner > 0)
    found: NDArray[np.bool_] = extra[new]
    return found


def find_pieces(objects: NDArray[np.int32]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the (H, W) map of 8-connected pieces of objects, and the object of each piece."""
    count, pieces = cv2.connectedComponents((objects > 0).view(np.uint8), connectivity=8)
    if touching(objects):
        from skimage.measure import label

        pieces, count = label(objects, connectivity=2, return_num=True)
        count += 1
    owner = np.zeros(count, np.int64)
    owner[pieces.ravel()] = objects.ravel()
    return pieces, owner


def touching(objects: NDArray[np.int32]) -> bool:
    """Return whether any two objects touch, corners included."""
    views = (
        (objects[1:], objects[:-1]),
        (objects[:, 1:], objects[:, :-1]),
        (objects[1:, 1:], objects[:-1, :-1]),
        (objects[1:, :-1], objects[:-1, 1:]),
    )
    return any(bool(((a != b) & (a > 0) & (b > 0)).any()) for a, b in views)
