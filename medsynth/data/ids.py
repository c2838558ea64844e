"""Ids for pairs: unique and safe as file names, whatever the data calls them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Sequence

from medsynth.core.keys import KEY

SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}")
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


def make_ids(keys: Sequence[str]) -> list[str]:
    """Return an id a key: the key itself where it is safe and unique, else with a hash.

    Names of samples are not taken: pairs of an export that were synthetic there are real here.

    >>> make_ids(["a-1", "b/c d"])[0]
    'a-1'
    """
    claims = Counter(key.lower() for key in keys)
    return [_id(key, unique=claims[key.lower()] == 1) for key in keys]


def _id(key: str, unique: bool) -> str:
    taken = RESERVED.fullmatch(key) or KEY.fullmatch(key)
    if unique and SAFE.fullmatch(key) and not taken:
        return key
    digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:10]
    stem = re.sub(r"[^A-Za-z0-9_]+", "-", key).strip("-")[:60].strip("-") or "pair"
    return f"{stem}-{digest}"
