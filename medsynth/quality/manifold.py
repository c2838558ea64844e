"""Fidelity and diversity apart: are samples where real images are, and everywhere they are?

Precision and recall after Kynkaanniemi et al. (NeurIPS 2019), density and coverage after Naeem
et al. (ICML 2020): all four look at balls that reach to the k-th neighbour in one's own set.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import hypergeom

from medsynth.core.neighbours import balls_around, inside

NEIGHBOURS = 5
"""As in Naeem et al.; Kynkaanniemi et al. use 3."""
SUBSETS = 20
"""Draws that recall is the mean of, where sets of unequal size are compared."""


@dataclass(frozen=True, slots=True)
class Manifold:
    """Shares of images, and which images they are of.

    made_in_real: (M,) int64, real balls that each made image lies in.
    real_in_made: (N,) int64, made balls that each real image lies in.
    real_holding: (N,) int64, made images in the ball of each real image.
    neighbours: k, after a limit of N - 1.
    """

    made_in_real: NDArray[np.int64]
    real_in_made: NDArray[np.int64]
    real_holding: NDArray[np.int64]
    neighbours: int

    @property
    def precision(self) -> float:
        """Share of made images that lie where real ones are, in [0, 1]."""
        return float((self.made_in_real > 0).mean())

    @property
    def recall(self) -> float:
        """Share of real images that lie where made ones are, in [0, 1]."""
        return float((self.real_in_made > 0).mean())

    @property
    def density(self) -> float:
        """Real balls that a made image lies in, over k: near 1 for images as the real ones."""
        return float(self.made_in_real.mean() / self.neighbours)

    @property
    def coverage(self) -> float:
        """Share of real images with a made one in their ball, in [0, 1]."""
        return float((self.real_holding > 0).mean())


def manifold(
    real: NDArray[np.floating], made: NDArray[np.floating], neighbours: int = NEIGHBOURS
) -> Manifold:
    """Return which images lie among which.

    Args:
        real: (N, D) features of real images, N at least 2.
        made: (M, D) features of made images, M at least 2.
        neighbours: k; of a set of n at most n - 1 are used.

    Raises:
        ValueError: a set has fewer than two, or the features differ in length.
    """
    if real.ndim != 2 or real.shape[1:] != made.shape[1:] or min(len(real), len(made)) < 2:
        raise ValueError(f"two sets of two features or more, not {real.shape} and {made.shape}")
    centre = real.mean(0)
    real, made = real - centre, made - centre
    of_real = inside(balls_around(real, neighbours), made)
    of_made = inside(balls_around(made, neighbours), real)
    return Manifold(of_real.balls, of_made.balls, of_real.points, min(neighbours, len(real) - 1))


class Reached(NamedTuple):
    """By real image, (N,) float64 in [0, 1]; the means are recall and coverage.

    recall: how often it lies in the ball of a made image.
    coverage: how often a made image lies in its ball.
    """

    recall: NDArray[np.float64]
    coverage: NDArray[np.float64]


def reached(
    real: NDArray[np.floating],
    made: NDArray[np.floating],
    whole: Manifold,
    among: int,
    rng: np.random.Generator,
    neighbours: int = NEIGHBOURS,
) -> Reached:
    """Return which real images are reached by so many of the made ones, however they are drawn.

    Recall and coverage follow from how many made images there are, so that sets of unequal size
    are compared as of equally many. Coverage is exact, recall the mean of `SUBSETS` draws.

    Args:
        real: (N, D) features of real images, N at least 2.
        made: (M, D) features of made images, M at least 2.
        whole: what `manifold` says of all of them.
        among: how many of these are drawn without replacement, at least 2; all if there are fewer.
        rng: draws them.
        neighbours: as in `manifold`.
    """
    total, centre = len(made), real.mean(0)
    if among >= total:
        recall, coverage = whole.real_in_made > 0, whole.real_holding > 0
    else:
        drawn = (rng.choice(total, among, replace=False) for _ in range(SUBSETS))
        balls = (balls_around(made[rows] - centre, neighbours) for rows in drawn)
        recall = np.mean([inside(each, real - centre).balls > 0 for each in balls], 0)
        coverage = hypergeom.sf(0, total, whole.real_holding, among)
    return Reached(np.asarray(recall, np.float64), np.asarray(coverage, np.float64))
