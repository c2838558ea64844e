"""CMMD (Jayasumana et al., "Rethinking FID", CVPR 2024): discrepancy of CLIP features.

A Gaussian kernel of sigma 10 on features of unit length, times 1000. No assumption of normality,
and fewer images needed than for FID.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medsynth.core.neighbours import squared_distances
from medsynth.quality.discrepancy import biased_squared_discrepancy

SIGMA = 10.0
SCALE = 1000.0
Features = NDArray[np.floating]


def cmmd(a: Features, b: Features) -> float:
    """Return CMMD as published: 0 for the same features, otherwise above.

    Its expectation grows as the sets shrink (each image is also compared with itself):
    compare only numbers of sets of one size. `squared_discrepancy` of the same kernel has no bias.

    Args:
        a: (N, D) features of an image encoder, of any length.
        b: (M, D) of the same encoder.
    """
    return SCALE * biased_squared_discrepancy(gaussian_kernel, unit_length(a), unit_length(b))


def gaussian_kernel(a: Features, b: Features, sigma: float = SIGMA) -> NDArray[np.float64]:
    """Return exp(-|x - y|^2 / (2 sigma^2)), (N, M), of features (N, D) and (M, D)."""
    return np.asarray(np.exp(-squared_distances(a, b) / (2 * sigma**2)))


def unit_length(features: Features) -> NDArray[np.float64]:
    """Return (N, D) float64 rows of Euclidean length 1; rows of zeros stay."""
    length = np.linalg.norm(features.astype(np.float64), axis=1, keepdims=True)
    return np.asarray(features / np.where(length > 0, length, 1), np.float64)
