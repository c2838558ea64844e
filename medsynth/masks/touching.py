"""Which objects touch one another, corners included."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


def touching(objects: NDArray[np.int32]) -> bool:
    """Return whether any two objects touch.

    Args:
        objects: (H, W) int32 map of objects 1..n.
    """
    return any(bool(((a != b) & (a > 0) & (b > 0)).any()) for a, b in neighbours(objects))


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
