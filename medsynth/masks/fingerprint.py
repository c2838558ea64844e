"""A mask's hash: equal for equal arrays, on every machine."""

from __future__ import annotations

import hashlib

from medsynth.core.types import Mask


def mask_sha256(mask: Mask) -> str:
    """Return the SHA-256 of shape, labels and (little-endian) instances, as hexadecimal text.

    This is the hash of arrays, not of the PNG files that the store writes.
    """
    height, width = mask.hw
    kind = "labels" if mask.instances is None else "labels+instances"
    digest = hashlib.sha256(f"{kind} {height} {width}\n".encode())
    digest.update(mask.labels.tobytes())
    if mask.instances is not None:
        digest.update(mask.instances.astype("<u2").tobytes())
    return digest.hexdigest()
