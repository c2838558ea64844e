"""Kernel Inception Distance (Binkowski et al., ICLR 2018), of any features.

The squared maximum mean discrepancy with the kernel (x.y / d + 1)^3, estimated without bias: its
expectation does not depend on the number of images, so small sets can be compared. It may come
out slightly below zero.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Features = NDArray[np.floating]


def cubic_kernel(a: Features, b: Features) -> NDArray[np.float64]:
    """Return (N, M) kernel values of features (N, D) and (M, D)."""
    product = a.astype(np.float64) @ b.astype(np.float64).T
    return np.asarray((product / a.shape[1] + 1) ** 3, np.float64)


def kernel_distance(a: Features, b: Features) -> float:
    """Return the unbiased estimate of the squared discrepancy of two sets of features.

    Args:
        a: (N, D), N at least 2.
        b: (M, D), M at least 2.

    Raises:
        ValueError: a set has fewer than two, or the features differ in length.
    """
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise ValueError(f"two sets of at least two equal features, not {a.shape} and {b.shape}")
    within = sum(mean_off_diagonal(cubic_kernel(each, each)) for each in (a, b))
    return float(within - 2 * cubic_kernel(a, b).mean())


def mean_off_diagonal(kernel: NDArray[np.float64]) -> float:
    """Return the mean of a square matrix without its diagonal."""
    n = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (n * (n - 1)))
