"""Chains of numbered things that share a key: a hash table in two small arrays."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from medsynth.masks.rows import Rows

FIRST_SLOTS = 1 << 10
MOST_STEPS = 256
"""A chain is followed this far, so that the cost of a look-up has an end."""


class Chains:
    """Finds the newest of the things 0, 1, 2, ... that were added under a key.

    Memory: a slot (4 bytes, at most two a thing), a link and a key (8 bytes) a thing.
    """

    def __init__(self) -> None:
        self._heads = np.full(FIRST_SLOTS, -1, np.int32)
        self._links: Rows[np.int32] = Rows(1, np.int32)
        self._keys: Rows[np.uint32] = Rows(1, np.uint32)

    @property
    def nbytes(self) -> int:
        """Bytes held."""
        return int(self._heads.nbytes + self._links.nbytes + self._keys.nbytes)

    def __len__(self) -> int:
        return len(self._keys)

    def add(self, key: int) -> None:
        """Add the next thing under a 32-bit key."""
        if len(self) == len(self._heads):
            self._double()
        slot = key & (len(self._heads) - 1)
        self._links.append(self._heads[slot])
        self._keys.append(key)
        self._heads[slot] = len(self) - 1

    def newest(self, key: int) -> Iterator[int]:
        """Yield the things under a key, newest first."""
        at = int(self._heads[key & (len(self._heads) - 1)])
        for _ in range(MOST_STEPS):
            if at < 0:
                return
            if int(self._keys[at][0]) == key:
                yield at
            at = int(self._links[at][0])

    def _double(self) -> None:
        keys = self._keys.all()[:, 0]
        self._heads = np.full(2 * len(self._heads), -1, np.int32)
        self._links = Rows(1, np.int32)
        mask = len(self._heads) - 1
        for number, slot in enumerate((keys & np.uint32(mask)).tolist()):
            self._links.append(self._heads[slot])
            self._heads[slot] = number
