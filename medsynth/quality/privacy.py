"""Are made images nearer to training images than real ones of other patients are?

After Meehan et al. 2020 ("A Non-Parametric Test to Detect Data-Copying in Generative Models") in
spirit: held-out real images say what is near. Works on features or on pixels, a row an image.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import beta

from medsynth.core.neighbours import CHUNK, squared_distances
from medsynth.quality.bootstrap import DRAWS, LEVEL, Interval, bootstrap, group_weights

QUANTILE = 0.05
BLOCK_BYTES = 2**25
"""Of rows in float64 that are compared at once."""
Rows = NDArray[np.floating] | NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Nearest:
    """The nearest training image of each image.

    distance: (N,) float64, Euclidean.
    original: (N,) int64, index of the training image.
    """

    distance: NDArray[np.float64]
    original: NDArray[np.int64]

    def worst(self, count: int) -> NDArray[np.int64]:
        """Return the indices of the images nearest to an original, the nearest first."""
        return np.argsort(self.distance, kind="stable")[:count]


@dataclass(frozen=True, slots=True)
class Nearness:
    """How many made images are suspiciously near to training images.

    threshold: the distance that a share `quantile` of held-out real images falls short of.
    rate: share of made images that fall short of it; about `quantile` where nothing is copied.
    interval: of the rate, both sets resampled by group, the threshold with them; where none or all
        of the made images fall short of it, at least as wide as `exact_interval` of so many groups.
    quantile: what would be usual.
    usual_at_most: what may still be usual, since few held-out groups do not tell where the
        threshold is: with 24 of them it may well be what 25 % of real images fall short of.
    """

    threshold: float
    rate: float
    interval: Interval
    quantile: float
    usual_at_most: float


def nearest(images: Rows, train: Rows) -> Nearest:
    """Return the nearest training image of each image.

    Both are gone through in blocks, so that pixels may stay the bytes that they are.

    Args:
        images: (N, D) features or pixels.
        train: (M, D) of the training images, M at least 1.
    """
    centre = train.mean(0, dtype=np.float64)
    size = max(1, min(CHUNK, BLOCK_BYTES // (8 * train.shape[1])))
    squared = np.full(len(images), np.inf)
    original = np.zeros(len(images), np.int64)
    for first in range(0, len(train), size):
        some = train[first : first + size] - centre
        for start in range(0, len(images), size):
            rows = slice(start, min(start + size, len(images)))
            found = squared_distances(images[rows] - centre, some)
            best = found.argmin(1)
            least = np.take_along_axis(found, best[:, None], 1)[:, 0]
            nearer = least < squared[rows]
            squared[rows] = np.where(nearer, least, squared[rows])
            original[rows] = np.where(nearer, first + best, original[rows])
    return Nearest(np.sqrt(squared), original)


def nearness(
    made: NDArray[np.floating],
    held_out: NDArray[np.floating],
    rng: np.random.Generator,
    made_groups: ArrayLike | None = None,
    held_out_groups: ArrayLike | None = None,
    quantile: float = QUANTILE,
    draws: int = DRAWS,
) -> Nearness:
    """Return the calibrated rate of made images that are nearer than held-out ones usually are.

    Args:
        made: (N,) distances of made images to their nearest training images.
        held_out: (M,) distances of real images of other groups to theirs; copies of training
            images left out, for the threshold would be what copies fall short of.
        rng: draws resamples.
        made_groups: (N,) of the made images, for example of the masks that they were made
            from; each its own where not given.
        held_out_groups: (M,) patients or sequences.
        quantile: share of held-out images that is called near.
        draws: resamples.

    Raises:
        ValueError: one of the two is empty.
    """
    if not (len(made) and len(held_out)):
        raise ValueError("nearness compares made images with held-out real ones: give both")
    threshold = float(np.quantile(held_out, quantile))
    of_made = np.arange(len(made)) if made_groups is None else made_groups
    of_rest = np.arange(len(held_out)) if held_out_groups is None else held_out_groups

    def rate(made_weights: NDArray[np.int64], rest_weights: NDArray[np.int64]) -> float:
        usual = np.quantile(np.repeat(held_out, rest_weights), quantile)
        return float(made_weights @ (made < usual) / made_weights.sum())

    weights = [group_weights(groups, rng, draws) for groups in (of_made, of_rest)]
    most = share_below(quantile, len(np.unique(of_rest)))
    rate_found = float((made < threshold).mean())
    interval = bootstrap(rate, weights)
    if rate_found in (0, 1):
        interval = _wider(interval, exact_interval(rate_found == 1, len(np.unique(of_made))))
    return Nearness(threshold, rate_found, interval, quantile, most)


def exact_interval(happened: bool, count: int, level: float = LEVEL) -> Interval:
    """Return the interval of a rate where all of `count` independent draws went one way.

    Resamples of these all go that way too, so that a bootstrap says nothing of what was missed.
    Source: Clopper and Pearson 1934.

    Args:
        happened: whether all of them did, or none.
        count: draws, 1 at least.
        level: probability of the two-sided interval.

    >>> [round(end, 3) for end in exact_interval(False, 24)]
    [0.0, 0.142]
    >>> [round(end, 3) for end in exact_interval(True, 24)]
    [0.858, 1.0]
    """
    most = 1 - ((1 - level) / 2) ** (1 / count)
    return Interval(1 - most, 1.0) if happened else Interval(0.0, most)


def _wider(one: Interval, other: Interval) -> Interval:
    return Interval(min(one.low, other.low), max(one.high, other.high))


def share_below(quantile: float, count: int, level: float = LEVEL) -> float:
    """Return the share of all that may lie below the quantile of a sample, at most.

    What lies below the k-th smallest of n is distributed as Beta(k, n + 1 - k) (Wilks 1941).

    Args:
        quantile: as numpy interpolates it.
        count: independent values in the sample.
        level: probability of the two-sided interval whose upper end this is.

    >>> round(share_below(0.05, 24), 3), round(share_below(0.05, 2000), 2)
    (0.27, 0.06)
    """
    k = min(int(np.ceil(quantile * (count - 1))) + 1, count)
    return float(beta.ppf((1 + level) / 2, k, count + 1 - k))
