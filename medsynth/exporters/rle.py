"""Run lengths as COCO writes them: columns first, packed into ASCII.

Source: `rleEncode`, `rleToString` and `rleFrString` of pycocotools (common/maskApi.c). The
packed text is what the readers accept most widely (pycocotools, Detectron2, mmdetection,
torchvision), and in pure Python it needs no extra.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medsynth.exporters.components import Part


def encode(part: Part, hw: tuple[int, int]) -> dict[str, object]:
    """Return the COCO RLE of an object in a mask of size `hw`: {"size", "counts"}, lossless."""
    return {"size": [hw[0], hw[1]], "counts": pack(run_lengths(part, hw))}


def run_lengths(part: Part, hw: tuple[int, int]) -> list[int]:
    """Return how many pixels are 0, then 1, then 0, ... going down column after column.

    The first number counts zeros and may be 0; all of them add up to H * W.
    """
    top, left, _, _ = part.box
    columns, rows = np.nonzero(part.pixels.T)
    positions = (columns + left) * hw[0] + rows + top
    last = np.flatnonzero(np.diff(positions) != 1)
    starts = positions[np.concatenate([[0], last + 1])]
    ends = positions[np.concatenate([last, [positions.size - 1]])] + 1
    edges = np.concatenate([[0], np.stack([starts, ends], axis=1).ravel()])
    lengths: list[int] = np.diff(edges).tolist()
    rest = hw[0] * hw[1] - int(ends[-1])
    return [*lengths, rest] if rest else lengths


def pack(lengths: list[int]) -> str:
    """Return run lengths as COCO's text.

    From the fourth on, a number is written as the difference to the one two before it. It
    is cut into groups of 5 bits, the lowest first; a sixth bit says that more follow, and
    48 is added to make a printable character.

    >>> pack([6, 1, 40, 4, 5, 4, 5, 4, 21])
    '61X13mN000`0'
    """
    letters: list[str] = []
    for index, length in enumerate(lengths):
        rest = length - lengths[index - 2] if index > 2 else length
        while True:
            bits, rest = rest & 0x1F, rest >> 5
            done = rest == (-1 if bits & 0x10 else 0)
            letters.append(chr(48 + (bits if done else bits | 0x20)))
            if done:
                break
    return "".join(letters)


def unpack(text: str) -> list[int]:
    """Return the run lengths of COCO's text; the inverse of `pack`."""
    lengths: list[int] = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - 48
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        lengths.append(value + lengths[-2] if len(lengths) > 2 else value)
        value = shift = 0
    return lengths


def decode(counts: str, hw: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the (H, W) bool mask of COCO's text; the inverse of `encode`."""
    lengths = unpack(counts)
    values = np.arange(len(lengths)) % 2 == 1
    return np.repeat(values, lengths).reshape(hw[1], hw[0]).T
