"""What Pillow would cut to 8 bits or cannot open: 16-bit colour, and rare TIFFs."""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsynth.data.raster import (
    MOST_PIXELS,
    Oddity,
    Raster,
    UnreadableError,
    check_size,
    damaged,
    settle_values,
)

MOST_VALUES = 4 * MOST_PIXELS
"""In a page, with its channels; a few bytes may say that they are thousands."""


def decode_deep(data: bytes, form: str, orientation: int, pages: int) -> Raster:
    """Decode 16-bit colour and rare TIFFs: tifffile first, OpenCV for compressed ones.

    Args:
        data: the whole file.
        form: "TIFF" or "PNG".
        orientation: EXIF orientation, 1..8.
        pages: pages of the file, where the caller knows them.

    Raises:
        UnreadableError: neither library can decode it.
    """
    try:
        array, pages = _tiff(data) if form == "TIFF" else (_opencv(data), pages)
    except UnreadableError:
        raise
    except Exception as error:
        raise damaged(error) from error
    oddities: list[Oddity] = ["pages"] if pages > 1 else []
    if array.ndim == 3 and array.shape[2] in (2, 4):
        oddities.append("alpha")
        array = array[..., 0] if array.shape[2] == 2 else array[..., :3]
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] != 3):
        raise UnreadableError(f"it has {array.shape[-1]} channels; 1 or 3 are read")
    if orientation in TURNS and orientation != 1:
        oddities.append("rotated")
        array = TURNS[orientation](array)
    pixels, last = settle_values(array)
    return Raster(pixels, (*oddities, *last), lossy=False)


TURNS: dict[int, Callable[[NDArray[Any]], NDArray[Any]]] = {
    1: lambda a: a,
    2: np.fliplr,
    3: lambda a: np.rot90(a, 2),
    4: np.flipud,
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}


def _tiff(data: bytes) -> tuple[NDArray[Any], int]:
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages[0]
        if not (isinstance(page.imagewidth, int) and isinstance(page.imagelength, int)):
            raise UnreadableError("it is damaged: it has several widths or heights")
        check_size(page.imagewidth, page.imagelength)
        if page.size > MOST_VALUES or math.prod(page.chunked) > len(data):
            raise UnreadableError("it is damaged: it says to hold more than such a file can")
        try:
            array = np.asarray(page.asarray())
        except ValueError:  # a compression that tifffile alone does not know
            return _opencv(data), len(file.pages)
        return np.moveaxis(array, 0, -1) if page.axes == "SYX" else array, len(file.pages)


def _opencv(data: bytes) -> NDArray[Any]:
    import cv2

    array = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if array is None:
        raise UnreadableError("it is damaged or truncated")
    if array.ndim == 3 and array.shape[2] >= 3:
        array = np.concatenate([array[..., 2::-1], array[..., 3:]], axis=2)
    return np.asarray(array)
