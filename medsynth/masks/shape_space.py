"""A statistical model of shape, as weights over the shapes that it is made from.

After Leventon, Grimson and Faugeras 2000, "Statistical shape influence in geodesic active
contours": principal components of signed distance maps. A sample of the model is a sum of
its maps, so that the weights alone tell it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def sample_weights(
    maps: Sequence[NDArray[np.floating]],
    variance_kept: float,
    max_sd: float,
    rng: np.random.Generator,
) -> list[float]:
    """Return n weights that sum to 1: a random shape of the model of n maps.

    Args:
        maps: n arrays of the same size, signed distances of aligned shapes.
        variance_kept: the leading components that hold this share of the variance are used.
        max_sd: each component's amount is normal, within this many standard deviations.
        rng: the source of randomness.
    """
    n = len(maps)
    data = np.stack([each.ravel() for each in maps]).astype(np.float64)
    data = data - data.mean(axis=0)
    variance, modes = np.linalg.eigh(data @ data.T / n)
    variance, modes = variance[::-1].clip(min=0), modes[:, ::-1]
    kept = modes_to_keep(variance, variance_kept)
    amounts = truncated_normal(rng, kept, max_sd)
    weights = np.round(1 / n + modes[:, :kept] @ amounts / np.sqrt(n), 4)
    weights[0] += 1 - weights.sum()
    return [round(float(weight), 4) for weight in weights]


def modes_to_keep(variance: NDArray[np.float64], share: float) -> int:
    """Return how many of the (n,) descending variances hold a share of their sum.

    >>> modes_to_keep(np.array([6.0, 3.0, 1.0]), 0.9)
    2
    """
    total = variance.sum()
    if total <= 1e-12:
        return 0
    return min(len(variance), int(np.searchsorted(variance.cumsum(), share * total - 1e-9)) + 1)


def truncated_normal(rng: np.random.Generator, n: int, max_sd: float) -> NDArray[np.float64]:
    """Return n normal amounts; one outside of +-max_sd is drawn evenly within."""
    amounts = rng.standard_normal(n)
    even = rng.uniform(-max_sd, max_sd, n)
    return np.where(np.abs(amounts) <= max_sd, amounts, even)
