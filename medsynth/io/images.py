"""Pictures in and out. PNG is what medsynth writes; what it reads is the readers' choice."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsynth.io.atomic import write_bytes

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")


def encode_png(array: NDArray[Any], compress_level: int = 3) -> bytes:
    """Return lossless PNG bytes, the same for the same array.

    Args:
        array: (H, W), (H, W, 1) or (H, W, 3) uint8, or (H, W) uint16.
    """
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(array)).save(
        buffer, format="PNG", compress_level=compress_level
    )
    return buffer.getvalue()


def write_png(path: Path, array: NDArray[Any]) -> None:
    """Write an array as PNG, atomically; see `encode_png`."""
    write_bytes(path, encode_png(array))


def read_png(path: Path) -> NDArray[Any]:
    """Read a PNG that medsynth wrote: (H, W) or (H, W, 3), uint8 or uint16."""
    with Image.open(path) as image:
        array = np.asarray(image)
    return array.astype(np.uint16) if array.dtype.itemsize > 1 else array
