"""A small picture of every kind that may come, as bytes: what the mutators begin with."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import tifffile
from PIL import Image


def pictures() -> dict[str, bytes]:
    """Return pictures of 12x9 pixels by what is special about them."""
    rng = np.random.default_rng(0)
    colour = rng.integers(0, 256, (9, 12, 3), dtype=np.uint8)
    grey = colour[..., 0]
    real = np.where(grey > 128, np.nan, np.where(grey > 99, np.inf, grey / 255)).astype(np.float32)
    turned = Image.Exif()
    turned[0x0112] = 6
    turned[0x010E] = "Doe, Jane"
    return {
        "png": _pillow(colour, "PNG"),
        "grey png": _pillow(grey, "PNG"),
        "16-bit png": _pillow(grey.astype(np.uint16) * 257, "PNG"),
        "1-bit png": _saved(Image.fromarray(grey).convert("1"), "PNG"),
        "palette png": _saved(Image.fromarray(colour).convert("P"), "PNG"),
        "alpha png": _pillow(np.dstack([colour, grey]), "PNG"),
        "animated png": _pages(colour, "PNG"),
        "jpeg": _pillow(colour, "JPEG"),
        "turned jpeg": _pillow(colour, "JPEG", exif=turned),
        "cmyk jpeg": _saved(Image.fromarray(colour).convert("CMYK"), "JPEG"),
        "bmp": _pillow(colour, "BMP"),
        "tiff": _pillow(colour, "TIFF"),
        "deflated tiff": _pillow(colour, "TIFF", compression="tiff_deflate"),
        "lzw tiff": _pillow(grey, "TIFF", compression="tiff_lzw"),
        "tiff of pages": _pages(colour, "TIFF"),
        "real tiff with NaN": _tiff(real),
        "16-bit colour tiff": _tiff(colour.astype(np.uint16) * 257, photometric="rgb"),
        "planar tiff": _tiff(colour.transpose(2, 0, 1), planarconfig="separate", photometric="rgb"),
        "tiff of 64-bit reals": _tiff(real.astype(np.float64)),
        "long strip": _pillow(np.zeros((1, 60_000), np.uint8), "PNG"),
    }


def _pillow(array: np.ndarray, form: str, **options: Any) -> bytes:
    return _saved(Image.fromarray(array), form, **options)


def _saved(image: Image.Image, form: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=form, **options)
    return buffer.getvalue()


def _pages(array: np.ndarray, form: str) -> bytes:
    more = [Image.fromarray(255 - array)]
    return _saved(Image.fromarray(array), form, save_all=True, append_images=more)


def _tiff(array: np.ndarray, **options: Any) -> bytes:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, array, **options)
    return buffer.getvalue()
