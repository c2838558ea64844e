"""A decoded mask file as one integer a pixel, and how often each value stands in it."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from medsynth.data.intensities import is_grey

T = TypeVar("T", bound=np.generic)
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


MOST_TABLE = 1 << 24
"""Values below this are counted and looked up in a table, which is much faster than sorting."""


def present_values(values: NDArray[np.integer]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the values that occur (n,), ascending, and the pixels of each."""
    if values.min() >= 0 and values.max() < min(MOST_TABLE, 16 * max(values.size, 4096)):
        counts = np.bincount(values.ravel())
        present = np.flatnonzero(counts)
        return present, counts[present]
    found, amounts = np.unique(values, return_counts=True)
    return found.astype(np.int64), amounts


def look_up(
    values: NDArray[np.integer], present: NDArray[np.int64], becomes: NDArray[T]
) -> NDArray[T]:
    """Return `values` with each of `present` (ascending, all that occur) replaced."""
    if present[0] >= 0 and present[-1] < MOST_TABLE:
        table = np.zeros(int(present[-1]) + 1, becomes.dtype)
        table[present] = becomes
        return np.asarray(table[values])
    return np.asarray(becomes[np.searchsorted(present, values)])


def count_values(values: NDArray[np.int32]) -> dict[int, int]:
    """Return value -> pixels, in ascending order of value."""
    present, counts = present_values(values)
    return {int(v): int(n) for v, n in zip(present, counts, strict=True)}
