"""The one hash of a pair's mask files."""

from __future__ import annotations

from collections.abc import Sequence

from medsynth.io.hashing import hash_bytes


def combined_hash(masks: Sequence[bytes], instances: bytes | None) -> str:
    """Return the SHA-256 of a mask file; of several files, that of their hashes in order."""
    hashes = [hash_bytes(data) for data in masks]
    if instances is not None:
        hashes.append(hash_bytes(instances))
    return hashes[0] if len(hashes) == 1 else hash_bytes("\n".join(hashes).encode())
