"""Objects: what moves as one when it is copied from a mask."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Box, Mask
from medsynth.masks.box import around, box_of, foreground_box


@lru_cache(maxsize=8)
def find_objects(mask: Mask) -> tuple[NDArray[np.int32], int]:
    """Return the (H, W) int32 map of objects 1..n, 0 = background, and n.

    Without instances an object is an 8-connected piece of foreground, whatever its
    classes: a cell with its nucleus. With instances it is an instance, together with those
    of other classes that it touches, so that a nucleus never leaves its cytoplasm;
    touching instances of one class stay apart.

    The map is kept for those who ask again, as a draw does and then its apply: it cannot be
    written to.
    """
    objects, count = _find_objects(mask)
    objects.setflags(write=False)
    return objects, count


@lru_cache(maxsize=1024)
def object_box(mask: Mask, number: int) -> Box:
    """Return the bounding box of object `number`, of height 0 if there is none; kept."""
    objects, count = find_objects(mask)
    return foreground_box(mask) if count == number == 1 else box_of(objects == number)


def _find_objects(mask: Mask) -> tuple[NDArray[np.int32], int]:
    if mask.instances is None:
        return find_pieces_of(mask.labels > 0, foreground_box(mask))
    count = int(mask.instances.max(initial=0))
    if np.array_equal(mask.labels == mask.labels.max(initial=0), mask.labels > 0):  # one class
        return mask.instances.astype(np.int32), count
    pairs = touching_across_classes(mask.labels, mask.instances)
    if not len(pairs):
        return mask.instances.astype(np.int32), count
    table, count = joined(count, pairs)
    return table[mask.instances], count


def find_pieces_of(region: NDArray[np.bool_], box: Box) -> tuple[NDArray[np.int32], int]:
    """Return the (H, W) int32 map of 8-connected pieces 1..n, by their first pixel, and n.

    `box` is the region's.

    OpenCV numbers pieces in an order of its own, which may change; steps hold numbers.
    """
    window = around(box, 0)
    if not box[2] or count_pieces(region[window]) == 1:
        return region.astype(np.int32), min(box[2], 1)
    count, found = cv2.connectedComponents(region[window].view(np.uint8), connectivity=8)
    here = np.flatnonzero(found)[::-1]
    first = np.full(count, -1, np.int64)
    first[found.ravel()[here]] = here
    table = np.empty(count, np.int32)
    table[np.argsort(first)] = np.arange(count)
    pieces = np.zeros(region.shape, np.int32)
    pieces[window] = np.take(table, found)
    return pieces, count - 1


def count_pieces(region: NDArray[np.bool_], and_holes: bool = False) -> int:
    """Return the number of 8-connected pieces, from their contours: a third of labelling's cost.

    Args:
        region: (H, W) bool.
        and_holes: count the holes in them as well.
    """
    outlines, levels = cv2.findContours(
        region.view(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE
    )
    if len(outlines) < 2 or and_holes:
        return len(outlines)
    return int(np.count_nonzero(levels[0, :, 3] < 0))  # the others lie in another, as holes


def touching_across_classes(
    labels: NDArray[np.uint8], instances: NDArray[np.uint16]
) -> NDArray[np.int64]:
    """Return (n, 2) int64 ids of 8-adjacent instances of different classes."""
    height, width = labels.shape
    found = []
    for down, across in ((0, 1), (1, 0), (1, 1), (1, -1)):
        here = np.s_[: height - down, max(0, -across) : width - max(0, across)]
        there = np.s_[down:, max(0, across) : width - max(0, -across)]
        meet = (labels[here] != labels[there]) & (labels[here] > 0) & (labels[there] > 0)
        found.append(np.stack([instances[here][meet], instances[there][meet]], axis=1))
    return np.unique(np.concatenate(found).astype(np.int64), axis=0)


def joined(count: int, pairs: NDArray[np.int64]) -> tuple[NDArray[np.int32], int]:
    """Return the object of each instance 0..count, (count + 1,) int32, and how many there are."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    links = (np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1]))
    _, group = connected_components(coo_array(links, shape=(count + 1, count + 1)), directed=False)
    _, first, inverse = np.unique(group, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int32)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[inverse], len(first) - 1
