"""Slices as the frames that medsynth takes, in types that it reads."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsynth.data.array_bytes import array_bytes
from medsynth.data.raster import UnreadableError
from medsynth_medical_io.window import Window


def image_frame(pixels: NDArray[Any], window: str, *, inverted: bool = False) -> bytes:
    """Return (H, W) grey values in their window as uint8, or as they are where it is "raw".

    (H, W, 3) uint8 colours pass unchanged. Where high values are dark (`inverted`), they
    become low, so that all pictures are of one kind.
    """
    if pixels.ndim == 3:
        return array_bytes(pixels)
    if window != "raw":
        shown = Window.parse(window).apply(_finite(pixels))
        return array_bytes(255 - shown if inverted else shown)
    values = pixels.astype(np.float32 if pixels.dtype.kind == "f" else np.int32)
    return array_bytes(-values if inverted else values)


def label_frame(pixels: NDArray[Any]) -> bytes:
    """Return (H, W) labels as int32."""
    return array_bytes(pixels.astype(np.int32))


def _finite(pixels: NDArray[Any]) -> NDArray[Any]:
    """Return pixels without NaN and infinity, which count as the least value."""
    good = np.isfinite(pixels)
    if good.all():
        return pixels
    if not good.any():
        raise UnreadableError("none of its values is finite")
    return np.where(good, pixels, pixels[good].min())
