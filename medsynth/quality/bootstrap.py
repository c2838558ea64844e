"""Intervals by resampling groups: images of one patient are not independent."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

DRAWS = 1000
LEVEL = 0.95


class Interval(NamedTuple):
    """Between which two values a number lies, with the probability that was asked for."""

    low: float
    high: float


def group_weights(
    groups: ArrayLike, rng: np.random.Generator, draws: int = DRAWS
) -> NDArray[np.int64]:
    """Return how often each item counts when groups are drawn with replacement.

    Args:
        groups: (N,) the group of each item, of any type; N different ones resample items.
        rng: draws the groups.
        draws: resamples.

    Returns:
        (draws, N) int64; the items of a group all count as often as it was drawn.

    >>> group_weights(["a", "a", "b"], np.random.default_rng(1), 2)
    array([[1, 1, 1],
           [2, 2, 0]])
    """
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    return draw_groups(len(names), rng, draws)[:, member.ravel()]


def draw_groups(count: int, rng: np.random.Generator, draws: int = DRAWS) -> NDArray[np.int64]:
    """Return (draws, count) int64: how often each of `count` groups is drawn, `count` in all."""
    return rng.multinomial(count, np.full(count, 1 / count), size=draws)


def bootstrap(
    statistic: Callable[..., float], weights: Iterable[NDArray[np.int64]], level: float = LEVEL
) -> Interval:
    """Return the percentile interval of a statistic of weighted items.

    Args:
        statistic: takes one (N,) row of each weights and returns a number, or NaN for a
            resample that has none (one group drawn throughout); those do not count.
        weights: (draws, N) of each set of items that is resampled, from `group_weights`.
        level: probability, in (0, 1).

    Raises:
        ValueError: no resample has a number.
    """
    values = np.array([statistic(*rows) for rows in zip(*weights, strict=True)])
    return percentiles(values, level)


def percentiles(values: NDArray[np.floating], level: float = LEVEL) -> Interval:
    """Return the interval of what resamples came to, (draws,); NaN does not count.

    Raises:
        ValueError: no resample has a number.
    """
    values = values[np.isfinite(values)]
    if not len(values):
        raise ValueError("no resample gives a number: there are too few groups")
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(low), float(high))


def weighted_mean(values: NDArray[np.floating] | NDArray[np.bool_]) -> Callable[..., float]:
    """Return a statistic for `bootstrap`: the mean of (N,) values, each as often as it counts."""
    return lambda weights: float(weights @ values / weights.sum()) if weights.sum() else np.nan
