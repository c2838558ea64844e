"""Fidelity and diversity apart: are samples where real images are, and everywhere they are?

Precision and recall after Kynkaanniemi et al. (NeurIPS 2019), density and coverage after Naeem
et al. (ICML 2020): all four look at balls that reach to the k-th neighbour in one's own set.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medsynth.core.neighbours import balls_around, inside

NEIGHBOURS = 5
"""As in Naeem et al.; Kynkaanniemi et al. use 3."""


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
