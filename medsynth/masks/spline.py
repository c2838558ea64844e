"""Uniform cubic B-splines: a smooth field from a coarse grid of values."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray


@lru_cache(maxsize=16)
def spline_weights(size_px: int, intervals: int) -> NDArray[np.float64]:
    """Return the (size_px, intervals + 3) float64 weight of each control point at each pixel.

    Rows sum to one: the four cubic B-spline pieces at the pixel's place in its interval.
    """
    place = (np.arange(size_px) + 0.5) * intervals / size_px
    first = np.minimum(place.astype(np.int64), intervals - 1)
    t = place - first
    pieces = (
        (1 - t) ** 3 / 6,
        (3 * t**3 - 6 * t**2 + 4) / 6,
        (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6,
        t**3 / 6,
    )
    weights = np.zeros((size_px, intervals + 3))
    for k, piece in enumerate(pieces):
        weights[np.arange(size_px), first + k] = piece
    weights.setflags(write=False)
    return weights
