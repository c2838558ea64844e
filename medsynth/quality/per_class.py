"""A measure for each class that both sets show."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

T = TypeVar("T")
LEAST = 10
"""Images of a class on either side, fewer of which say nothing of it."""


def per_class(
    measure: Callable[[NDArray[np.bool_], NDArray[np.bool_]], T],
    real: Sequence[frozenset[int]],
    made: Sequence[frozenset[int]],
    least: int = LEAST,
) -> dict[int, T]:
    """Return class id -> the measure of the images that show it, for classes with enough of them.

    An image that shows several classes counts for each.

    Args:
        measure: takes (N,) and (M,) bool, which real and which made images to compare.
        real: the class ids in each real image's mask, without background.
        made: the same, of the made images.
        least: images on either side that a class must have.

    >>> per_class(lambda a, b: (a.sum(), b.sum()), [frozenset({1}), frozenset({1, 2})],
    ...           [frozenset({1})], least=1)
    {1: (np.int64(2), np.int64(1))}
    """
    shown = {name for classes in real for name in classes}
    chosen = {
        name: tuple(np.array([name in classes for classes in each], bool) for each in (real, made))
        for name in sorted(shown)
    }
    return {
        name: measure(of_real, of_made)
        for name, (of_real, of_made) in chosen.items()
        if min(of_real.sum(), of_made.sum()) >= least
    }
