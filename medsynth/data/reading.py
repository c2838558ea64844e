"""Bytes of a PNG, JPEG, BMP or TIFF to an array, whatever the file is; never a crash.

Only these four decoders are ever called, chosen by the first bytes, so a misnamed file is
read as what it is and an unknown one is refused.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import BmpImagePlugin, Image, ImageOps, JpegImagePlugin, PngImagePlugin, TiffImagePlugin

MOST_PIXELS = 100_000_000
"""Larger pictures are refused before they are decoded: slides to tile first, or bombs."""
ORIENTATION = 0x0112

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


Opener = Callable[[io.BytesIO], Image.Image]
OPENERS: tuple[tuple[bytes, str, Opener], ...] = (
    (b"\x89PNG\r\n\x1a\n", "PNG", PngImagePlugin.PngImageFile),
    (b"\xff\xd8\xff", "JPEG", JpegImagePlugin.JpegImageFile),
    (b"BM", "BMP", BmpImagePlugin.BmpImageFile),
    (b"II*\x00", "TIFF", TiffImagePlugin.TiffImageFile),
    (b"MM\x00*", "TIFF", TiffImagePlugin.TiffImageFile),
    (b"II+\x00", "TIFF", TiffImagePlugin.TiffImageFile),
    (b"MM\x00+", "TIFF", TiffImagePlugin.TiffImageFile),
)


def decode(data: bytes, palette: Literal["colours", "indices"] = "colours") -> Raster:
    """Decode a file's bytes.

    Args:
        data: the whole file.
        palette: whether a palette picture yields its colours (images) or, where entry 0
            is black as masks have it, its indices.

    Raises:
        UnreadableError: empty, truncated, too large, or no format that is read.
    """
    if not data:
        raise UnreadableError("it is empty (0 bytes)")
    form, opener = _opener(data)
    try:
        with opener(io.BytesIO(data)) as image:
            _check_size(*image.size)
            if _too_deep_for_pillow(image, form, data):
                return _decode_deep(data, form, _orientation(image), _pages(image))
            return _decode_pillow(image, form, palette)
    except UnreadableError:
        raise
    except Exception as error:
        if form == "TIFF":
            return _decode_deep(data, form, 1, 1)
        raise UnreadableError(_reason(error)) from error


def _opener(data: bytes) -> tuple[str, Opener]:
    for magic, form, opener in OPENERS:
        if data.startswith(magic):
            return form, opener
    raise UnreadableError("it is no PNG, JPEG, BMP or TIFF file")


def _check_size(width: int, height: int) -> None:
    if width * height > MOST_PIXELS:
        raise UnreadableError(
            f"it is {width}x{height}, more than {MOST_PIXELS // 1_000_000} megapixels "
            "(cut it into tiles first)"
        )
    if width < 1 or height < 1:
        raise UnreadableError("it has no pixels")


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return f"it is damaged or truncated ({text[:120]})"


def _too_deep_for_pillow(image: Image.Image, form: str, data: bytes) -> bool:
    """Return whether Pillow would cut 16-bit colour to 8 bits."""
    if form == "PNG":
        return data[24] == 16 and image.mode not in ("I;16", "I")
    if form == "TIFF":
        bits = getattr(image, "tag_v2", {}).get(258, (8,))
        return max(bits) > 8 and image.mode not in ("I;16", "I;16B", "I", "F")
    return False


def _orientation(image: Image.Image) -> int:
    try:
        return int(image.getexif().get(ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - damaged EXIF is no orientation
        return 1


def _pages(image: Image.Image) -> int:
    return int(getattr(image, "n_frames", 1)) if image.format == "TIFF" else 1


def _decode_pillow(image: Image.Image, form: str, palette: str) -> Raster:
    oddities: list[Oddity] = ["pages"] if _pages(image) > 1 else []
    turned = _orientation(image) not in (0, 1)
    image.load()
    if turned:
        oddities.append("rotated")
        image = ImageOps.exif_transpose(image)
    if image.mode == "P":
        oddities.append("palette")
        if palette == "indices" and (image.getpalette() or [0, 0, 0])[:3] == [0, 0, 0]:
            return Raster(np.asarray(image), tuple(oddities), lossy=False)
    plain, more = _plain_mode(image)
    pixels, last = _finite(np.asarray(plain))
    return Raster(pixels, (*oddities, *more, *last), lossy=form == "JPEG")


def _plain_mode(image: Image.Image) -> tuple[Image.Image, tuple[Oddity, ...]]:
    mode = image.mode
    if mode in ("L", "RGB", "I", "F") or mode.startswith("I;16"):
        return image, ()
    if mode == "1":
        return image.convert("L"), ()
    if mode in ("LA", "La"):
        return image.convert("LA").getchannel("L"), ("alpha",)
    if mode in ("RGBA", "RGBa", "RGBX", "PA"):
        bands = image.convert("RGBA").split()
        return Image.merge("RGB", bands[:3]), () if mode == "RGBX" else ("alpha",)
    if mode == "P":
        return image.convert("RGBA").convert("RGB"), ()
    if mode == "CMYK":
        return image.convert("RGB"), ("cmyk",)
    return image.convert("RGB"), ("converted",)


def _decode_deep(data: bytes, form: str, orientation: int, pages: int) -> Raster:
    """Decode 16-bit colour and rare TIFFs: tifffile first, OpenCV for compressed ones."""
    try:
        array, pages = _tiff(data) if form == "TIFF" else (_opencv(data), pages)
    except UnreadableError:
        raise
    except Exception as error:
        raise UnreadableError(_reason(error)) from error
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
    pixels, last = _finite(array)
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
        _check_size(page.imagewidth, page.imagelength)
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


def _finite(array: NDArray[Any]) -> tuple[NDArray[Any], tuple[Oddity, ...]]:
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
