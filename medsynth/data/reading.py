"""Bytes of a PNG, JPEG, BMP or TIFF, or a reader's frame, to an array; never a crash.

Only these decoders are ever called, chosen by the first bytes, so a misnamed file is
read as what it is and an unknown one is refused.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Literal

import numpy as np
from PIL import BmpImagePlugin, Image, ImageOps, JpegImagePlugin, PngImagePlugin, TiffImagePlugin

from medsynth.data.array_bytes import MAGIC, parse_array
from medsynth.data.deep_reading import decode_deep
from medsynth.data.raster import (
    Oddity,
    Raster,
    UnreadableError,
    check_size,
    damaged,
    settle_values,
)

ORIENTATION = 0x0112

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
    if data.startswith(MAGIC):
        pixels, oddities = settle_values(parse_array(data))
        return Raster(pixels, oddities, lossy=False)
    form, opener = _opener(data)
    try:
        with opener(io.BytesIO(data)) as image:
            check_size(*image.size)
            if _too_deep_for_pillow(image, form, data):
                return decode_deep(data, form, _orientation(image), _pages(image))
            return _decode_pillow(image, form, palette)
    except UnreadableError:
        raise
    except Exception as error:
        if form == "TIFF":
            return decode_deep(data, form, 1, 1)
        raise damaged(error) from error


def _opener(data: bytes) -> tuple[str, Opener]:
    for magic, form, opener in OPENERS:
        if data.startswith(magic):
            return form, opener
    raise UnreadableError("it is no PNG, JPEG, BMP or TIFF file")


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
    pixels, last = settle_values(np.asarray(plain))
    return Raster(pixels, (*oddities, *more, *last), lossy=form == "JPEG")


CONVERSIONS: dict[str, tuple[tuple[str, ...], Oddity | None]] = {
    "1": (("L",), None),
    "LA": (("LA", "L"), "alpha"),
    "La": (("LA", "L"), "alpha"),
    "RGBA": (("RGB",), "alpha"),
    "RGBa": (("RGBA", "RGB"), "alpha"),
    "RGBX": (("RGB",), None),
    "PA": (("RGBA", "RGB"), "alpha"),
    "P": (("RGBA", "RGB"), None),
    "CMYK": (("RGB",), "cmyk"),
}
"""Pillow mode -> the modes it is converted through, and what to tell of it.

None of these conversions blends: alpha is left away, the colours below it stay.
"""


def _plain_mode(image: Image.Image) -> tuple[Image.Image, tuple[Oddity, ...]]:
    if image.mode in ("L", "RGB", "I", "F") or image.mode.startswith("I;16"):
        return image, ()
    through, oddity = CONVERSIONS.get(image.mode, (("RGB",), "converted"))
    for mode in through:
        image = image.convert(mode)
    return image, (oddity,) if oddity is not None else ()
