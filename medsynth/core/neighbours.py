"""Distances between points, and the balls around them that reach to their k-th neighbour.

What precision, recall, density and coverage are made of, for masks and images alike. Points are
taken in chunks, so that no more than `CHUNK` rows of distances are held.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CHUNK = 1024
TOLERANCE = 1e-12
"""A point on a ball's border lies in it, whatever rounding says."""

Points = NDArray[np.floating]


class Balls(NamedTuple):
    """Balls around points, all in one space.

    centres: (n, d).
    radii: (n,) float64, the distance of each to its k-th neighbour.
    """

    centres: Points
    radii: NDArray[np.float64]


class Inside(NamedTuple):
    """What lies in what.

    points: (n,) int64, points in each ball.
    balls: (m,) int64, balls that each point lies in.
    """

    points: NDArray[np.int64]
    balls: NDArray[np.int64]


def squared_distances(a: Points, b: Points) -> NDArray[np.float64]:
    """Return (n, m) float64 squared Euclidean distances of points (n, d) and (m, d)."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    squared = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * (a @ b.T)
    return np.asarray(np.maximum(squared, 0.0))


def balls_around(points: Points, neighbours: int) -> Balls:
    """Return balls around (n, d) points, n at least 2; at most n - 1 neighbours are used."""
    k = min(neighbours, len(points) - 1)
    radii = [
        np.sqrt(np.partition(squared_distances(points[rows], points), k, axis=1)[:, k])
        for rows in _chunks(len(points))
    ]
    return Balls(points, np.concatenate(radii))


def inside(balls: Balls, points: Points) -> Inside:
    """Return which of (m, d) points lie in which balls, counted both ways."""
    held = np.zeros(len(balls.centres), np.int64)
    holding = np.zeros(len(points), np.int64)
    for rows in _chunks(len(points)):
        far = np.sqrt(squared_distances(balls.centres, points[rows]))
        within = far <= balls.radii[:, None] + TOLERANCE
        held += within.sum(1)
        holding[rows] = within.sum(0)
    return Inside(held, holding)


def _chunks(count: int) -> Iterator[slice]:
    return (slice(first, first + CHUNK) for first in range(0, count, CHUNK))
