"""Kernel Inception Distance (Binkowski et al., ICLR 2018), of any features.

The squared maximum mean discrepancy with the kernel (x.y / d + 1)^3, estimated without bias: its
expectation does not depend on the number of images, so small sets can be compared. It may come
out slightly below zero.

Differs: where groups are given, images of one group are not compared with one another. Of two
halves of the videos of CVC-ClinicDB, whose distance is none, the estimate as published is 0.027
(MobileNetV2, mean of 60 draws of the halves), this one -0.001.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medsynth.quality.discrepancy import squared_discrepancy

Features = NDArray[np.floating]
SUBSETS = 100
SUBSET_SIZE = 1000
"""As published; a smaller set gives smaller subsets, see `subset_size`."""


def cubic_kernel(a: Features, b: Features) -> NDArray[np.float64]:
    """Return (N, M) kernel values of features (N, D) and (M, D)."""
    product = a.astype(np.float64) @ b.astype(np.float64).T
    return np.asarray((product / a.shape[1] + 1) ** 3, np.float64)


def check_sets(a: Features, b: Features) -> None:
    """Refuse sets that no discrepancy can be told of.

    Raises:
        ValueError: a set has fewer than two, or the features differ in length.
    """
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1] or min(len(a), len(b)) < 2:
        raise ValueError(f"two sets of at least two equal features, not {a.shape} and {b.shape}")


def kernel_distance(
    a: Features,
    b: Features,
    groups_a: ArrayLike | None = None,
    groups_b: ArrayLike | None = None,
) -> float:
    """Return the unbiased estimate of the squared discrepancy of two sets of features.

    Args:
        a: (N, D), N at least 2.
        b: (M, D), M at least 2.
        groups_a: (N,) patients or videos of the first, two or more; None: each image its own.
        groups_b: (M,) of the second.

    Raises:
        ValueError: a set has fewer than two, or the features differ in length.
    """
    check_sets(a, b)
    return squared_discrepancy(cubic_kernel, a, b, groups_a, groups_b)


def subset_size(n: int, m: int) -> int:
    """Return how many items a subset has: 1000, of fewer items three in four of the smaller set.

    A subset that is all of a set would always be the same one, and its spread say nothing.

    >>> subset_size(5000, 2000), subset_size(5000, 40), subset_size(2, 9)
    (1000, 30, 2)
    """
    return min(SUBSET_SIZE, max(2, min(n, m) * 3 // 4))


def subset_distances(
    a: Features, b: Features, rng: np.random.Generator, subsets: int = SUBSETS, size: int = 0
) -> NDArray[np.float64]:
    """Return (subsets,) estimates on subsets drawn without replacement: KID is their mean.

    Args:
        a: (N, D), N at least 2.
        b: (M, D), M at least 2.
        rng: draws the subsets.
        subsets: how many.
        size: items a subset, at most N and M; as `subset_size` says where 0.
    """
    size = size or subset_size(len(a), len(b))
    draws = (
        (rng.choice(len(each), size, replace=False) for each in (a, b)) for _ in range(subsets)
    )
    return np.array([kernel_distance(a[of_a], b[of_b]) for of_a, of_b in draws])
