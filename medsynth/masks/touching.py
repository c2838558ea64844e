"""Which objects touch one another, corners included."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray


def touching(objects: NDArray[np.integer[Any]]) -> bool:
    """Return whether any two objects touch.

    Args:
        objects: (H, W) int32 or uint16 map of objects 1..n, at most 65,535.
    """
    most, least = most_and_least(objects, 1)
    return bool(((most != least) & (objects > 0)).any())


def most_and_least(
    objects: NDArray[np.integer[Any]], reach_px: int
) -> tuple[NDArray[np.uint16], NDArray[np.uint16]]:
    """Return the greatest and the least object in the square around each pixel.

    Where they are equal there is no more than one.

    Args:
        objects: (H, W) int32 or uint16 map of objects 1..n, at most 65,535.
        reach_px: half the square's side.

    Returns:
        two (H, W) uint16 maps; 0 where there is none.
    """
    ids = objects.astype(np.uint16, copy=False)
    square = np.ones((2 * reach_px + 1, 2 * reach_px + 1), np.uint8)
    least: Any = cv2.erode(ids - np.uint16(1), square)  # background counts as the greatest
    return np.asarray(cv2.dilate(ids, square)), least + np.uint16(1)


def joins(
    objects: NDArray[np.int32], gained: NDArray[np.int64], owner: NDArray[np.integer[Any]]
) -> NDArray[np.bool_]:
    """Return (k,) bool: whether a pixel lets its object touch another that it did not touch.

    Args:
        objects: (H, W) int32 map of objects.
        gained: (k,) flat indices of pixels that they shall have besides.
        owner: (k,) whose each is.
    """
    after = objects.copy()
    after.ravel()[gained] = owner
    most, least = most_and_least(after, 1)
    found: NDArray[np.bool_] = (most != least).ravel()[gained]
    if found.any():
        found[found] = _joins(objects, after, gained[found], after.ravel()[gained[found]])
    return found


def _joins(
    before: NDArray[np.int32],
    after: NDArray[np.int32],
    pixels: NDArray[np.int64],
    owner: NDArray[np.int32],
) -> NDArray[np.bool_]:
    width = after.shape[1] + 2
    padded = np.pad(after, 1).ravel()
    row, col = np.divmod(pixels, after.shape[1])
    at = (row + 1) * width + col + 1
    around_it = (-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1)
    other = np.stack([padded[at + step] for step in around_it])
    meets = (other > 0) & (other != owner)
    if touching(before):
        mine = np.broadcast_to(owner, other.shape)[meets]
        meets[meets] = ~np.isin(pair_code(mine, other[meets]), touching_pairs(before))
    found: NDArray[np.bool_] = meets.any(axis=0)
    return found


def touching_pairs(objects: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return the (k,) `pair_code` of each two objects that touch."""
    found = []
    for a, b in neighbours(objects):
        meet = (a != b) & (a > 0) & (b > 0)
        found.append(pair_code(a[meet], b[meet]))
    return np.unique(np.concatenate(found))


def pair_code(a: NDArray[np.int32], b: NDArray[np.int32]) -> NDArray[np.int64]:
    """Return one number for each pair of objects, whichever comes first."""
    code: NDArray[np.int64] = np.minimum(a, b).astype(np.int64) << 32 | np.maximum(a, b)
    return code


def neighbours(
    objects: NDArray[np.int32],
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """Yield a map beside itself: each pixel with those below, right and at the corners below."""
    yield objects[1:], objects[:-1]
    yield objects[:, 1:], objects[:, :-1]
    yield objects[1:, 1:], objects[:-1, :-1]
    yield objects[1:, :-1], objects[:-1, 1:]
