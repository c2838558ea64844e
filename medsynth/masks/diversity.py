"""Diversity of new masks: density and coverage, in a profile's feature space.

After Naeem et al. 2020, "Reliable Fidelity and Diversity Metrics for Generative Models":
both look at balls around real points that reach to their k-th real neighbour.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medsynth.core.neighbours import balls_around, inside

NEIGHBOURS = 5


@dataclass(frozen=True, slots=True)
class Diversity:
    """How well new masks fill the space of real ones.

    coverage: share of the real points whose ball holds a new point; 1 is best.
    density: balls that hold a new point, on average, over k; near 1 for new points that are
        distributed as the real ones, more where they crowd.
    """

    coverage: float
    density: float


def diversity_of(
    new: NDArray[np.float64], real: NDArray[np.float64], neighbours: int = NEIGHBOURS
) -> Diversity:
    """Return density and coverage.

    Args:
        new: (m, d) features of new masks, in comparable units.
        real: (n, d) features of real masks, n at least 2.
        neighbours: k; at most n - 1 are used.

    Raises:
        ValueError: fewer than two real points, or no new one.

    >>> square = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    >>> diversity_of(square, square, 1)
    Diversity(coverage=1.0, density=3.0)
    """
    if len(real) < 2 or not len(new):
        raise ValueError(f"diversity needs two real points and a new one, not {len(real)}")
    found = inside(balls_around(real, neighbours), new)
    k = min(neighbours, len(real) - 1)
    return Diversity(float((found.points > 0).mean()), float(found.points.sum() / (k * len(new))))
