"""Which classes touch: a class whose contacts are all with one other is contained in it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def contact_shares(labels: NDArray[np.uint8], class_ids: tuple[int, ...]) -> NDArray[np.float64]:
    """Return how the contacts of each class are shared among the others.

    A contact is a pair of 4-adjacent pixels of different classes.

    Args:
        labels: (H, W) uint8 class ids.
        class_ids: the n foreground classes to look at, ascending.

    Returns:
        (n, n + 1) float64: row a, column b is the share of class a's contacts that are with
        class b; column 0 is the background. Rows of classes without contacts are NaN.

    >>> contact_shares(np.array([[0, 1, 2, 1, 0]], np.uint8), (1, 2)).tolist()
    [[0.5, 0.0, 0.5], [0.0, 1.0, 0.0]]
    """
    known = (0, *class_ids)
    size = len(known)
    place = np.zeros(256, np.int64)
    place[list(known)] = np.arange(size)
    pairs = np.concatenate(
        [_pairs(place, labels[:, :-1], labels[:, 1:]), _pairs(place, labels[:-1], labels[1:])],
        axis=1,
    )
    counts = np.bincount(pairs[0] * size + pairs[1], minlength=size**2).reshape(size, size)
    both = (counts + counts.T)[1:].astype(np.float64)
    both[np.arange(size - 1), np.arange(1, size)] = 0
    total = both.sum(1, keepdims=True)
    return np.where(total > 0, both / np.maximum(total, 1), np.nan)


def _pairs(
    place: NDArray[np.int64], here: NDArray[np.uint8], there: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """Return (2, n) int64 places of the classes of neighbours that differ."""
    meet = here != there
    return np.asarray(place[np.stack([here[meet], there[meet]])])
