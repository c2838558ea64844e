"""A mask's signature: a coarse picture of it, centred and scaled, in 56 or 112 bytes.

It tells in microseconds which masks look alike wherever they lie and however they are
flipped. It is a sketch: two masks whose signatures agree may differ in detail.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask
from medsynth.masks.moments import Moments

GRID = 21
"""Cells a side: 441 bits, which fill seven 64-bit words."""
WORDS = 7
REACH = 2.0
"""Half the window's side in radii of gyration; a disc has 1.41 of them."""
STEPS = np.linspace(-REACH, REACH, GRID)
SYMMETRIES = 8
"""Flips and transposition; see `symmetric`."""
CELL_OF = np.array([0, *((k % 3) + 1 for k in range(255))], np.uint8)
"""What a cell of each class holds."""
_BITS = np.array([bin(k).count("1") for k in range(1 << 16)], np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Signature:
    """A sketch of a mask.

    cells: (21, 21) uint8: 0 for background, else 1 + (class - 1) mod 3.
    log_area: natural logarithm of the foreground's pixels.
    log_gyration: natural logarithm of its radius of gyration in pixels.
    elongation: see `Moments`.
    """

    cells: NDArray[np.uint8]
    log_area: float
    log_gyration: float
    elongation: float

    def to_text(self) -> str:
        """Return it as base64 text; `from_text` gives an equal one back."""
        head = np.array([self.log_area, self.log_gyration, self.elongation], "<f4")
        words = packed(self.cells[None])[0].astype("<u8")
        return base64.b64encode(head.tobytes() + words.tobytes()).decode()

    @classmethod
    def from_text(cls, text: str) -> Signature:
        """Return the signature that `to_text` wrote.

        Raises:
            ValueError: it is none.
        """
        data = base64.b64decode(text, validate=True)
        head, words = np.frombuffer(data[:12], "<f4"), np.frombuffer(data[12:], "<u8")
        if len(head) != 3 or len(words) != 2 * WORDS:
            raise ValueError(f"{text!r} is no signature of a mask")
        planes = np.unpackbits(words.astype("<u8").view(np.uint8).reshape(2, -1), axis=1)
        cells = (planes[0] + 2 * planes[1])[: GRID**2].reshape(GRID, GRID)
        return cls(cells, *(float(value) for value in head))


def signature_of(mask: Mask, moments: Moments) -> Signature:
    """Return the signature of a mask with foreground; beyond the frame is background."""
    height, width = mask.hw
    step = STEPS * moments.gyration_px
    rows = np.rint(moments.row + step).astype(np.int64)
    cols = np.rint(moments.col + step).astype(np.int64)
    inside = ((rows >= 0) & (rows < height))[:, None] & ((cols >= 0) & (cols < width))
    found = mask.labels[rows.clip(0, height - 1)[:, None], cols.clip(0, width - 1)] * inside
    cells = CELL_OF[found]
    logs = (log(max(1, moments.area_px)), log(moments.gyration_px), moments.elongation)
    return Signature(cells, *(float(np.float32(value)) for value in logs))


def symmetric(array: NDArray[np.uint8], symmetry: int) -> NDArray[np.uint8]:
    """Return a view of an (H, W) array: bit 0 transposes, bit 1 swaps rows, bit 2 columns."""
    if symmetry & 1:
        array = array.T
    return array[:: -1 if symmetry & 2 else 1, :: -1 if symmetry & 4 else 1]


def packed(cells: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return (n, 14) uint64 of (n, 21, 21) cells: the low bits of all cells, then the high."""
    planes = np.zeros((len(cells), 2, WORDS * 64), np.uint8)
    flat = cells.reshape(len(cells), -1)
    planes[:, 0, : GRID**2] = flat & 1
    planes[:, 1, : GRID**2] = flat >> 1
    return np.packbits(planes, axis=2).view("<u8").reshape(len(cells), -1).astype(np.uint64)


def all_symmetries(cells: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Return (8, 14) uint64: the packed cells of each symmetry."""
    return packed(np.stack([symmetric(cells, k) for k in range(SYMMETRIES)]))


def sketched_iou(query: NDArray[np.uint64], others: NDArray[np.uint64]) -> NDArray[np.float64]:
    """Return (k, n) float64 overlap of sketches: cells of equal class over those of any.

    query: (k, 14) uint64; others: (n, 14) uint64, or (n, 7) where all cells are 0 or 1.
    """
    a = query[:, None, :WORDS]
    b = others[None, :, :WORDS]
    if others.shape[1] == WORDS:
        return count_bits(a & b) / np.maximum(1, count_bits(a | b))
    high_a, high_b = query[:, None, WORDS:], others[None, :, WORDS:]
    either = a | b | high_a | high_b
    same = either & ~(a ^ b) & ~(high_a ^ high_b)
    return count_bits(same) / np.maximum(1, count_bits(either))


def count_bits(words: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Return the bits set along the last axis of (..., m) uint64 words."""
    if hasattr(np, "bitwise_count"):
        return np.asarray(np.bitwise_count(words).sum(-1, dtype=np.int64))
    halves = np.ascontiguousarray(words).view(np.uint16)
    return np.asarray(_BITS[halves].sum(-1, dtype=np.int64))
