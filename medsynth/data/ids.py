"""Ids for pairs: unique and safe as file names, whatever the data calls them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from medsynth.core.keys import KEY

SAFE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}")
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)", re.IGNORECASE)


def make_ids(keys: Sequence[str]) -> list[str]:
    """Return an id a key: the key itself where it is safe and unique, else with a hash.

    Ids of different keys differ by more than case; equal keys have equal ids. Names of samples
    are not taken: pairs of an export that were synthetic there are real here.

    >>> make_ids(["a-1", "b/c d"])[0]
    'a-1'
    """
    claims = Counter(key.lower() for key in keys)
    ids = [_id(key, unique=claims[key.lower()] == 1) for key in keys]
    while claimed_twice := repeated(name.lower() for name in ids):
        # Ten digits may be those of another key, or another key may be what they make.
        longer = [
            _hashed(key, stem_chars=15, digits=64) if name.lower() in claimed_twice else name
            for key, name in zip(keys, ids, strict=True)
        ]
        if longer == ids:
            break
        ids = longer
    return ids


def repeated(names: Iterable[str]) -> set[str]:
    """Return the names that come more than once."""
    return {name for name, count in Counter(names).items() if count > 1}


def _id(key: str, unique: bool) -> str:
    taken = RESERVED.fullmatch(key) or KEY.fullmatch(key)
    if unique and SAFE.fullmatch(key) and not taken:
        return key
    return _hashed(key, stem_chars=60, digits=10)


def _hashed(key: str, stem_chars: int, digits: int) -> str:
    digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()[:digits]
    stem = re.sub(r"[^A-Za-z0-9_]+", "-", key).strip("-")[:stem_chars].strip("-") or "pair"
    return f"{stem}-{digest}"
