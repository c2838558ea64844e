"""Diversity of new masks: density and coverage, in a profile's feature space.

After Naeem et al. 2020, "Reliable Fidelity and Diversity Metrics for Generative Models":
both look at balls around real points that reach to their k-th real neighbour.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 5
CHUNK = 4096


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
    k = min(neighbours, len(real) - 1)
    radii = np.sqrt(np.partition(_squared_distances(real, real), k, axis=1)[:, k])
    inside = np.zeros(len(real), np.int64)
    for first in range(0, len(new), CHUNK):
        far = np.sqrt(_squared_distances(real, new[first : first + CHUNK]))
        inside += (far <= radii[:, None] + 1e-12).sum(1)
    return Diversity(float((inside > 0).mean()), float(inside.sum() / (k * len(new))))


def _squared_distances(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (len(a), len(b)) float64 squared Euclidean distances."""
    squared = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * (a @ b.T)
    return np.asarray(np.maximum(squared, 0.0))
