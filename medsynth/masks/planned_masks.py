"""The masks planned so far, in some 150 bytes each, asked whether a new one is like them.

Exact: equal masks are always found (by 16 bytes of their hash). Not exact: near-duplicates
are judged by their signatures alone, and sought among the newest of those whose area, spread
and elongation are alike, so that a look-up costs the same among a hundred and a million.
"""

from __future__ import annotations

from itertools import islice, product
from math import floor

import numpy as np

from medsynth.masks.chains import Chains
from medsynth.masks.rows import Rows
from medsynth.masks.signature import WORDS, Signature, all_symmetries, packed, sketched_iou

BINS = (0.1, 0.1, 0.1)
"""Widths in log area, log gyration, elongation: twice what IoU 0.95 lets them differ, about."""
NEWEST = 24
"""Masks compared in each bin; of a bin and its nearer neighbours there are eight."""
HASH_BYTES = 16


class PlannedMasks:
    """Hashes and signatures of masks, in arrays that grow.

    Args:
        single_class: whether masks have one foreground class; halves the signatures.
    """

    def __init__(self, single_class: bool) -> None:
        self._words = WORDS if single_class else 2 * WORDS
        self._hashes: Rows[np.uint8] = Rows(HASH_BYTES, np.uint8)
        self._by_hash = Chains()
        self._signatures: Rows[np.uint64] = Rows(self._words, np.uint64)
        self._by_look = Chains()

    @property
    def nbytes(self) -> int:
        """Bytes held in all."""
        parts = (self._hashes, self._by_hash, self._signatures, self._by_look)
        return sum(part.nbytes for part in parts)

    def add_hash(self, sha256: str) -> None:
        """Take in a mask by its hash alone: only equal masks are found."""
        if self.has(sha256):  # else empty masks would make a chain without end
            return
        self._hashes.append(np.frombuffer(bytes.fromhex(sha256)[:HASH_BYTES], np.uint8))
        self._by_hash.add(_hash_key(sha256))

    def add_signature(self, signature: Signature) -> None:
        """Take in a mask by its signature: similar masks are found."""
        self._signatures.append(packed(signature.cells[None])[0, : self._words])
        self._by_look.add(_key(*(floor(place) for place in _places(signature))))

    def has(self, sha256: str) -> bool:
        """Return whether an equal mask was taken in."""
        wanted = bytes.fromhex(sha256)[:HASH_BYTES]
        found = self._by_hash.newest(_hash_key(sha256))
        return any(self._hashes[at].tobytes() == wanted for at in found)

    def greatest_iou(self, signature: Signature) -> float:
        """Return the signatures' IoU with the most similar mask found, flips included."""
        ranges = [_bin_and_nearer(place) for place in _places(signature)]
        found = [
            at
            for bins in product(*ranges)
            for at in islice(self._by_look.newest(_key(*bins)), NEWEST)
        ]
        if not found:
            return 0.0
        others = self._signatures.take(np.array(found, np.int64))
        return float(sketched_iou(all_symmetries(signature.cells), others).max())


def _places(signature: Signature) -> tuple[float, float, float]:
    """Return where a signature lies, in bins."""
    values = (signature.log_area, signature.log_gyration, signature.elongation)
    a, b, c = (value / width for value, width in zip(values, BINS, strict=True))
    return a, b, c


def _bin_and_nearer(place: float) -> tuple[int, int]:
    here = floor(place)
    return here, here + (1 if place - here >= 0.5 else -1)


def _key(area: int, gyration: int, elongation: int) -> int:
    """Return 32 bits of three bins, mixed so that neighbours fall into different slots."""
    mixed = (area * 73_856_093) ^ (gyration * 19_349_663) ^ (elongation * 83_492_791)
    return (mixed ^ (mixed >> 15)) & 0xFFFFFFFF


def _hash_key(sha256: str) -> int:
    return int(sha256[:8], 16)
