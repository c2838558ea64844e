"""Frechet distance of two Gaussians fitted to features (FID: Heusel et al., NeurIPS 2017)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Gaussian:
    """Mean and covariance of features, the covariance as a factor with few rows.

    mean: (D,) float64.
    factor: (min(N, D), D) float64; the covariance is factor.T @ factor.
    """

    mean: NDArray[np.float64]
    factor: NDArray[np.float64]

    @property
    def covariance(self) -> NDArray[np.float64]:
        """(D, D) float64, normalised by N - 1."""
        return np.asarray(self.factor.T @ self.factor)


def gaussian_of(features: NDArray[np.floating]) -> Gaussian:
    """Return the statistics of (N, D) features, N at least 2.

    Raises:
        ValueError: fewer than two features.
    """
    if features.ndim != 2 or len(features) < 2:
        raise ValueError(f"a covariance needs two features or more, not {features.shape}")
    values = features.astype(np.float64)
    mean = values.mean(0)
    centred = (values - mean) / np.sqrt(len(values) - 1)
    return Gaussian(mean, centred if len(values) <= values.shape[1] else np.linalg.qr(centred).R)


def frechet_distance(a: Gaussian, b: Gaussian) -> float:
    """Return |mean a - mean b|^2 + tr(A + B - 2 (A B)^(1/2)), at least 0.

    Differs: with A = F.T F and B = G.T G, the trace of (A B)^(1/2) is the sum of the singular
    values of F G.T. No root of a D x D matrix is taken, which for fewer images than features is
    singular and slow; the value is the same.
    """
    apart = float(np.square(a.mean - b.mean).sum())
    spread = float(np.square(a.factor).sum() + np.square(b.factor).sum())
    shared = float(np.linalg.svd(a.factor @ b.factor.T, compute_uv=False).sum())
    return max(apart + spread - 2 * shared, 0.0)
