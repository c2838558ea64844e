"""Randomness is an argument: every generator comes from (run seed, key of the item).

Nothing depends on batch size, worker count, order or what was drawn before.
"""

from __future__ import annotations

import hashlib

import numpy as np


def derive_seed(run_seed: int, *key: str | int) -> int:
    """Return a seed in [0, 2**63) for the item named by `key`, the same on every machine."""
    text = "\x1f".join([str(int(run_seed)), *(f"{type(part).__name__}:{part}" for part in key)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(run_seed: int, *key: str | int) -> np.random.Generator:
    """Return numpy's default generator for the item named by `key`.

    >>> a, b = generator(7, "plan", 3), generator(7, "plan", 3)
    >>> bool(a.random() == b.random())
    True
    """
    return np.random.default_rng(derive_seed(run_seed, *key))
