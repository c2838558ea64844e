"""Any depth and colour to the 8-bit channels that the model sees."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

LUMA = np.array([0.299, 0.587, 0.114])
"""ITU-R BT.601 weights of red, green and blue, as Pillow's "L" has them."""


def is_grey(pixels: NDArray[Any]) -> bool:
    """Return whether (H, W) or (H, W, 3) pixels have no colour: one channel or equal ones."""
    if pixels.ndim == 2:
        return True
    return bool(
        np.array_equal(pixels[..., 0], pixels[..., 1])
        and np.array_equal(pixels[..., 0], pixels[..., 2])
    )


def to_channels(pixels: NDArray[np.uint8], channels: int) -> NDArray[np.uint8]:
    """Return (H, W) or (H, W, 3) as (H, W, channels), channels 1 or 3."""
    if channels == 3:
        return pixels if pixels.ndim == 3 else np.repeat(pixels[..., None], 3, axis=2)
    if pixels.ndim == 2:
        return pixels[..., None]
    if is_grey(pixels):
        return pixels[..., :1]
    return np.asarray(np.rint(pixels @ LUMA).astype(np.uint8)[..., None])


def window_limits(pixels: NDArray[Any], percentiles: tuple[float, float]) -> tuple[float, float]:
    """Return the values that become black and white.

    Each image has its own, so that the same file gives the same picture in every data set.
    """
    low, high = np.percentile(pixels, percentiles)
    return float(low), float(high)


def to_uint8(
    pixels: NDArray[Any], percentiles: tuple[float, float]
) -> tuple[NDArray[np.uint8], int]:
    """Return 8-bit pixels of the same shape, and how many pixels the window clipped.

    uint8 passes unchanged; deeper pixels are scaled linearly between their percentiles.
    """
    if pixels.dtype == np.uint8:
        return pixels, 0
    low, high = window_limits(pixels, percentiles)
    if high <= low:
        low, high = float(pixels.min()), float(pixels.max())
    if high <= low:
        return np.zeros(pixels.shape, np.uint8), 0
    clipped = int(np.count_nonzero((pixels < low) | (pixels > high)))
    scaled = (np.clip(pixels.astype(np.float64), low, high) - low) * (255 / (high - low))
    return np.rint(scaled).astype(np.uint8), clipped
