"""Maximum mean discrepancy from kernel values (Gretton et al. 2012), whole or group by group."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medsynth.quality.bootstrap import DRAWS, LEVEL, Interval, bootstrap, draw_groups


class Kernels(NamedTuple):
    """Kernel values within and between two sets.

    aa: (N, N) float64.
    bb: (M, M) float64.
    ab: (N, M) float64.
    """

    aa: NDArray[np.float64]
    bb: NDArray[np.float64]
    ab: NDArray[np.float64]


def squared_discrepancy(kernels: Kernels) -> float:
    """Return the estimate without bias, of two sets of two items or more; may fall below 0."""
    within = sum(mean_off_diagonal(kernel) for kernel in (kernels.aa, kernels.bb))
    return float(within - 2 * kernels.ab.mean())


def biased_squared_discrepancy(kernels: Kernels) -> float:
    """Return the estimate that also compares each item with itself: never below 0."""
    return float(kernels.aa.mean() + kernels.bb.mean() - 2 * kernels.ab.mean())


def discrepancy_interval(
    kernels: Kernels,
    groups_a: ArrayLike,
    groups_b: ArrayLike,
    rng: np.random.Generator,
    draws: int = DRAWS,
    level: float = LEVEL,
) -> Interval:
    """Return the bootstrap interval of `squared_discrepancy`, groups drawn with replacement.

    A group drawn twice is not compared with itself, or likeness within groups would count for
    more than it does in the estimate. The kernel is computed but once.

    Args:
        kernels: of two sets.
        groups_a: (N,) the group of each item of the first.
        groups_b: (M,) of the second.
        rng: draws the groups.
        draws: resamples.
        level: probability, in (0, 1).

    Raises:
        ValueError: no resample gives a number.
    """
    in_a, in_b = _members(groups_a), _members(groups_b)
    within = [_sums(kernel, group) for kernel, group in ((kernels.aa, in_a), (kernels.bb, in_b))]
    between = in_a @ kernels.ab @ in_b.T

    def discrepancy(a: NDArray[np.int64], b: NDArray[np.int64]) -> float:
        pairs = (a @ in_a.sum(1)) * (b @ in_b.sum(1))
        return _mean(*within[0], a) + _mean(*within[1], b) - 2 * float(a @ between @ b / pairs)

    return bootstrap(discrepancy, [draw_groups(len(g), rng, draws) for g in (in_a, in_b)], level)


def mean_off_diagonal(kernel: NDArray[np.float64]) -> float:
    """Return the mean of a square matrix without its diagonal."""
    n = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (n * (n - 1)))


def _members(groups: ArrayLike) -> NDArray[np.float64]:
    """Return (G, N): 1 where an item is of a group."""
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    return np.asarray(member.ravel() == np.arange(len(names))[:, None], np.float64)


def _sums(
    kernel: NDArray[np.float64], members: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return (G, G) sums of the kernel over pairs of different items, and how many pairs."""
    alone = kernel - np.diag(np.diagonal(kernel))
    sizes = members.sum(1)
    return members @ alone @ members.T, np.outer(sizes, sizes) - np.diag(sizes)


def _mean(
    sums: NDArray[np.float64], pairs: NDArray[np.float64], weights: NDArray[np.int64]
) -> float:
    """Return the mean over pairs, of which those within a group count as often as it does."""
    once = weights - weights**2
    count = float(weights @ pairs @ weights + once @ np.diagonal(pairs))
    total = float(weights @ sums @ weights + once @ np.diagonal(sums))
    return total / count if count else np.nan
