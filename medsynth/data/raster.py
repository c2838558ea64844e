"""A decoded picture, before any decision about its depth and colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

MOST_PIXELS = 100_000_000
"""Larger pictures are refused before they are decoded: slides to tile first, or bombs."""

Oddity = Literal["alpha", "cmyk", "converted", "palette", "pages", "rotated", "not-finite"]


class UnreadableError(Exception):
    """A file that cannot be decoded; the text says why, without the path."""


@dataclass(frozen=True, slots=True, eq=False)
class Raster:
    """A decoded picture.

    pixels: (H, W) or (H, W, 3); uint8, uint16, int32 or float32, EXIF orientation applied.
    oddities: what had to be decided for the reader, such as a stripped alpha channel.
    lossy: whether the file is a JPEG, so that its values may be damaged.
    """

    pixels: NDArray[Any]
    oddities: tuple[Oddity, ...]
    lossy: bool

    @property
    def hw(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.pixels.shape[0], self.pixels.shape[1]


def check_size(width: int, height: int) -> None:
    """Raise `UnreadableError` for a picture without pixels, or with more than are read."""
    if width * height > MOST_PIXELS:
        raise UnreadableError(
            f"it is {width}x{height}, more than {MOST_PIXELS // 1_000_000} megapixels "
            "(cut it into tiles first)"
        )
    if width < 1 or height < 1:
        raise UnreadableError("it has no pixels")


def damaged(error: Exception) -> UnreadableError:
    """Return a decoder's error as ours."""
    text = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return UnreadableError(f"it is damaged or truncated ({text[:120]})")


def settle_values(array: NDArray[Any]) -> tuple[NDArray[Any], tuple[Oddity, ...]]:
    """Return the pixels as uint8, uint16, int32 or float32, and whether NaN was replaced."""
    kind, width = array.dtype.kind, array.dtype.itemsize
    if kind == "b":
        return array.astype(np.uint8) * np.uint8(255), ()
    if kind == "f":
        array = array.astype(np.float32)
        good = np.isfinite(array)
        if good.all():
            return array, ()
        if not good.any():
            raise UnreadableError("none of its values is finite")
        return np.where(good, array, array[good].min()), ("not-finite",)
    if kind == "u" and width <= 2:
        return array.astype(np.uint8 if width == 1 else np.uint16), ()
    if kind in "iu":
        return array.astype(np.int32), ()
    raise UnreadableError(f"it holds values of type {array.dtype}")
