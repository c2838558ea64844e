"""Pictures inside the page: small PNGs in base64, of a bounded size together."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsynth.io.images import encode_png

MOST_BYTES = 3_500_000
"""Of all PNGs together: in base64, with the rest of the page, just under five megabytes."""
SIDES_PX = (160, 128, 96, 72, 48)
"""Longer sides that are tried until all pictures fit."""


def as_uris(pictures: Sequence[NDArray[np.uint8]], most_bytes: int = MOST_BYTES) -> list[str]:
    """Return a data URI a picture, (H, W), (H, W, 1) or (H, W, 3) uint8.

    All are shrunk alike until they fit; none is enlarged. The smallest side is taken even where
    it does not fit.
    """
    found: list[bytes] = []
    for side_px in SIDES_PX:
        found = [encode_png(shrunk(each, side_px), compress_level=9) for each in pictures]
        if sum(map(len, found)) <= most_bytes:
            break
    return [f"data:image/png;base64,{b64encode(each).decode()}" for each in found]


def shrunk(picture: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    """Return a picture whose longer side is `side_px` at most."""
    height, width = picture.shape[:2]
    scale = side_px / max(height, width)
    if scale >= 1:
        return picture
    flat = picture[..., 0] if picture.ndim == 3 and picture.shape[2] == 1 else picture
    size = max(1, round(width * scale)), max(1, round(height * scale))
    return np.asarray(Image.fromarray(flat).resize(size, Image.Resampling.BOX))
