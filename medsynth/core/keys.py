"""The name of the plan's entry: from the mask plan to the export it is one and the same."""

from __future__ import annotations

import re

KEY = re.compile(r"s\d{7,}", re.ASCII | re.IGNORECASE)


def key_of(index: int) -> str:
    """Return the key of the plan's entry `index`.

    >>> key_of(0)
    's0000001'
    """
    return f"s{index + 1:07d}"
