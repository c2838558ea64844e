"""Content hashes: SHA-256, as hexadecimal text."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_bytes(data: bytes) -> str:
    """Return the SHA-256 of `data`."""
    return hashlib.sha256(data).hexdigest()


def hash_json(value: Any) -> str:
    """Return the SHA-256 of `value` as canonical JSON (sorted keys, no spaces)."""
    return hash_bytes(json.dumps(value, sort_keys=True, separators=(",", ":")).encode())


def hash_pixels(image: NDArray[Any]) -> str:
    """Return the SHA-256 of an image's shape, dtype and pixels, whatever its memory order.

    Args:
        image: (H, W) or (H, W, C); (H, W) and (H, W, 1) have one hash.
    """
    channels = image.shape[2] if image.ndim == 3 else 1
    about = f"{image.shape[0]} {image.shape[1]} {channels} {image.dtype.str} ".encode()
    return hash_bytes(about + np.ascontiguousarray(image).tobytes())
