"""Maximum mean discrepancy (Gretton et al. 2012), whole or resampled group by group.

Images of one patient or video are like one another: counted among the pairs within a set they would
lift the estimate, the more the fewer groups there are. So pairs within a group are left out, and
its expectation is that of sets of independent images.

Kernels are computed in blocks of rows, of which only sums are kept: memory does not grow with the
square of the number of images.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medsynth.quality.bootstrap import DRAWS, LEVEL, Interval, draw_groups, percentiles

BLOCK = 256
"""Rows of kernel values that are held at once."""
Features = NDArray[np.floating]
Kernel = Callable[[Features, Features], NDArray[np.float64]]
"""(N, D) and (M, D) features to (N, M) kernel values."""


def squared_discrepancy(
    kernel: Kernel,
    a: Features,
    b: Features,
    groups_a: ArrayLike | None = None,
    groups_b: ArrayLike | None = None,
) -> float:
    """Return the estimate without bias; it may fall below 0.

    Args:
        kernel: of features.
        a: (N, D) features.
        b: (M, D).
        groups_a: (N,) the group of each item of the first, two or more; None: each its own.
        groups_b: (M,) of the second.
    """
    within = sum(mean_between_groups(kernel, *each) for each in ((a, groups_a), (b, groups_b)))
    return float(within - 2 * kernel_sum(kernel, a, b) / (len(a) * len(b)))


def biased_squared_discrepancy(kernel: Kernel, a: Features, b: Features) -> float:
    """Return the estimate that also compares each item with itself: never below 0."""
    aa, bb, ab = (kernel_sum(kernel, x, y) / (len(x) * len(y)) for x, y in ((a, a), (b, b), (a, b)))
    return float(aa + bb - 2 * ab)


def discrepancy_interval(
    kernel: Kernel,
    a: Features,
    b: Features,
    groups_a: ArrayLike,
    groups_b: ArrayLike,
    rng: np.random.Generator,
    draws: int = DRAWS,
    level: float = LEVEL,
) -> Interval:
    """Return the bootstrap interval of `squared_discrepancy`, groups drawn with replacement.

    A group is not compared with itself, also where it was drawn twice. Each kernel value is
    computed but once.

    Args:
        kernel: of features.
        a: (N, D) features.
        b: (M, D).
        groups_a: (N,) the group of each item of the first.
        groups_b: (M,) of the second.
        rng: draws the groups.
        draws: resamples.
        level: probability, in (0, 1).

    Raises:
        ValueError: no resample gives a number.
    """
    of_a, of_b = (_members(groups) for groups in (groups_a, groups_b))
    drawn_a, drawn_b = (draw_groups(of.max() + 1, rng, draws)[:, of] for of in (of_a, of_b))
    within = [
        _means_within(kernel, each, of, drawn)
        for each, of, drawn in ((a, of_a, drawn_a), (b, of_b, drawn_b))
    ]
    pairs = drawn_a.sum(1) * drawn_b.sum(1)
    between = _weighted_sums(kernel, a, b, drawn_a, drawn_b) / pairs
    return percentiles(within[0] + within[1] - 2 * between, level)


def mean_between_groups(
    kernel: Kernel, features: Features, groups: ArrayLike | None = None
) -> float:
    """Return the mean kernel value of pairs of items of different groups.

    Args:
        kernel: of features.
        features: (N, D).
        groups: (N,) the group of each; None: each its own.
    """
    of = _members(np.arange(len(features)) if groups is None else groups)
    return float(_means_within(kernel, features, of, np.ones((1, len(of)), np.int64))[0])


def kernel_sum(kernel: Kernel, a: Features, b: Features) -> float:
    """Return the sum of the kernel values of all pairs."""
    return sum(float(values.sum()) for _, values in _blocks(kernel, a, b))


def _blocks(
    kernel: Kernel, a: Features, b: Features | None = None
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield places of rows, and their kernel values with all of `b`, or of `a` itself."""
    for first in range(0, len(a), BLOCK):
        rows = slice(first, min(first + BLOCK, len(a)))
        yield rows, kernel(a[rows], a if b is None else b)


def _members(groups: ArrayLike) -> NDArray[np.int64]:
    """Return (N,): the number of each item's group, from 0."""
    return np.asarray(np.unique(np.asarray(groups), return_inverse=True)[1].ravel(), np.int64)


def _weighted_sums(
    kernel: Kernel,
    a: Features,
    b: Features,
    drawn_a: NDArray[np.int64],
    drawn_b: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return (draws,) sums over all pairs, each as often as its two items were drawn."""
    columns = drawn_b.T.astype(np.float64)
    sums = np.zeros(len(drawn_a))
    for rows, values in _blocks(kernel, a, b):
        sums += np.einsum("dn,nd->d", drawn_a[:, rows], values @ columns)
    return sums


def _means_within(
    kernel: Kernel, features: Features, of: NDArray[np.int64], drawn: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return (draws,) means over pairs of different groups, each as often as both were drawn."""
    columns, twice = drawn.T.astype(np.float64), drawn**2
    sums = np.zeros(len(drawn))
    for rows, values in _blocks(kernel, features):
        sums += np.einsum("dn,nd->d", drawn[:, rows], values @ columns)
        sums -= twice[:, rows] @ np.where(of[rows, None] == of, values, 0).sum(1)
    count = drawn.sum(1) ** 2 - twice @ np.bincount(of)[of]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(count > 0, sums / count, np.nan))
