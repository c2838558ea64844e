"""Objects that fell into pieces keep no more of them than they had, the largest."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from medsynth.masks.objects import count_pieces
from medsynth.masks.touching import touching


def crumbs(before: NDArray[np.int32], after: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    """Return the flat indices of pieces that objects have more than before, the smallest ones.

    Args:
        before: (H, W) int32 map of objects.
        after: the same objects, shrunk; none of them is gone.
        count: how many there are.

    Returns:
        (k,) int64.
    """
    apart = count < 2 or not touching(before)
    if apart and count_pieces(after > 0) == count:
        return np.zeros(0, np.int64)
    new, has = find_pieces(after, apart)
    if (np.bincount(has)[1:] <= 1).all():
        return np.zeros(0, np.int64)
    _, had = find_pieces(before, apart)
    most = np.bincount(had, minlength=int(had.max()) + 1)
    if (np.bincount(has, minlength=len(most))[1:] <= most[1:]).all():
        return np.zeros(0, np.int64)
    area = np.bincount(new.ravel(), minlength=len(has))
    order = np.lexsort((-area, has))
    rank = np.empty(len(order), np.int64)
    rank[order] = np.arange(len(order)) - np.searchsorted(has[order], has[order])
    extra = (rank >= most[has]) & (has > 0)
    return np.flatnonzero(extra[new].ravel())


def find_pieces(
    objects: NDArray[np.int32], apart: bool
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Return the (H, W) map of 8-connected pieces of objects, and the object of each piece.

    Args:
        objects: (H, W) int32 map of objects.
        apart: no two of them touch, which is quicker.
    """
    if apart:
        count, pieces = cv2.connectedComponents((objects > 0).view(np.uint8), connectivity=8)
        if count <= 2:  # background, and one piece
            return pieces, np.array([0, objects.max(initial=0)][:count], np.int64)
    else:
        from skimage.measure import label

        pieces, count = label(objects, connectivity=2, return_num=True)
        count += 1
    here = np.flatnonzero(objects.ravel())
    owner = np.zeros(count, np.int64)
    owner[pieces.ravel()[here]] = objects.ravel()[here]
    return pieces, owner
