"""Colours as people write them, and as mask values: 0xRRGGBB."""

from __future__ import annotations

import re
from typing import Any

MOST_PLAIN = 0xFFFF
"""Mask files hold no plain value above this but ids of objects, so a class above it is a colour."""


def colour_name(value: int) -> str:
    """Return a packed colour as people write it.

    >>> colour_name(0xFF0000)
    '#FF0000'
    """
    return f"#{value:06X}"


def value_name(value: int, colour: bool) -> str:
    """Return a mask value as people know it: a colour where masks have colours, else a number."""
    return colour_name(value) if colour or value > MOST_PLAIN else str(value)


def packed(written: Any) -> int | None:
    """Return a mask value from a number, "7", "#FF0000" or [255, 0, 0]; None if it is none.

    >>> packed("#ff0000") == packed([255, 0, 0]) == 0xFF0000, packed("7"), packed("cell")
    (True, 7, None)
    """
    if isinstance(written, str):
        text = written.strip()
        if re.fullmatch("#[0-9A-Fa-f]{6}", text):
            return int(text[1:], 16)
        return int(text) if re.fullmatch("[0-9]+", text) else None
    if isinstance(written, list | tuple):
        bytes_ = len(written) == 3 and all(
            type(each) is int and 0 <= each < 256 for each in written
        )
        return int.from_bytes(bytes(written)) if bytes_ else None
    return written if type(written) is int and written >= 0 else None
