"""COCO's run lengths as text, both ways: columns first, 5 bits a character.

Source: `rleToString` and `rleFrString` of pycocotools (common/maskApi.c).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

LONGEST_NUMBER = 12
"""Characters of one number in the text; 12 hold 60 bits."""


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
    """Return the run lengths of COCO's text; the inverse of `pack`.

    Raises:
        ValueError: it is not such a text.
    """
    lengths: list[int] = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - 48
        if not 0 <= bits < 64 or shift >= 5 * LONGEST_NUMBER:
            raise ValueError(f"its run lengths are no text of COCO (at {letter!r})")
        value |= (bits & 0x1F) << shift
        shift += 5
        if bits & 0x20:
            continue
        if bits & 0x10:
            value -= 1 << shift
        lengths.append(value + lengths[-2] if len(lengths) > 2 else value)
        value = shift = 0
    if shift:
        raise ValueError("its run lengths end in the middle of a number")
    return lengths


def decode(counts: str | Sequence[int], hw: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the (H, W) bool mask of run lengths; raises as `positions`."""
    mask = np.zeros(hw[0] * hw[1], bool)
    mask[positions(counts, hw)] = True
    return mask.reshape(hw[1], hw[0]).T


def positions(counts: str | Sequence[int], hw: tuple[int, int]) -> NDArray[np.int64]:
    """Return where run lengths, packed or as numbers, are 1: column * H + row, ascending.

    Raises:
        ValueError: the text is damaged, a run is no whole number from 0 up, or the runs do
            not fill the mask exactly.
    """
    lengths = unpack(counts) if isinstance(counts, str) else list(counts)
    if not all(isinstance(length, int) and length >= 0 for length in lengths):
        raise ValueError("a run length is no whole number from 0 up")
    if sum(lengths) != hw[0] * hw[1]:
        raise ValueError(f"its runs cover {sum(lengths)} pixels, not {hw[1]}x{hw[0]}")
    ends = np.cumsum(lengths)[1::2]
    ones = np.array(lengths[1::2], np.int64)
    skipped = ends - np.cumsum(ones)
    return np.asarray(np.arange(ones.sum()) + np.repeat(skipped, ones))
