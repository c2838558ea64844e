"""Ids that become file names: checked before they become paths."""

from __future__ import annotations

import re

from medsynth.core.errors import InputError

SAFE_ID = re.compile(r"[A-Za-z0-9_-]{1,100}", re.ASCII)


def check_id(text: str, where: str) -> str:
    """Return `text` where it is safe as a file name.

    Raises:
        InputError: it is not; `where` says what it stands in.

    >>> check_id("s0000001", "a doctest")
    's0000001'
    """
    if SAFE_ID.fullmatch(text):
        return text
    raise InputError(
        f"{where}: the id {text[:120]!r} cannot be a file name.",
        'Ids are 1 to 100 letters, digits, "-" and "_".',
    )
