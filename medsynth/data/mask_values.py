"""A decoded mask file as one integer a pixel, and how often each value stands in it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsynth.data.intensities import is_grey

GREY = 0x010101
"""A grey value times this is the same grey as a packed colour."""


def mask_values(pixels: NDArray[Any]) -> tuple[NDArray[np.int32], bool]:
    """Return (H, W) int32 values and whether they are packed colours (0xRRGGBB).

    Floats are rounded; floats within 0 to 1 are probabilities and scaled to 0..255 first.
    """
    if pixels.ndim == 3:
        if pixels.dtype.kind == "f" or pixels.dtype.itemsize > 1:
            top = max(int(pixels.max()), 1)
            pixels = np.rint(pixels * (255 / top)).astype(np.uint8) if top > 255 else pixels
        if is_grey(pixels):
            return pixels[..., 0].astype(np.int32), False
        red, green, blue = (pixels[..., c].astype(np.int32) for c in range(3))
        return (red << 16) | (green << 8) | blue, True
    if pixels.dtype.kind == "f":
        is_share = pixels.min() >= 0 and pixels.max() <= 1 and bool((pixels % 1).any())
        return np.rint(pixels * 255 if is_share else pixels).astype(np.int32), False
    return pixels.astype(np.int32), False


def count_values(values: NDArray[np.int32]) -> dict[int, int]:
    """Return value -> pixels, in ascending order of value."""
    if values.size and values.min() >= 0 and values.max() < 65536:
        counts = np.bincount(values.ravel())
        present = np.flatnonzero(counts)
        return {int(v): int(counts[v]) for v in present}
    found, amounts = np.unique(values, return_counts=True)
    return {int(v): int(n) for v, n in zip(found, amounts, strict=True)}
