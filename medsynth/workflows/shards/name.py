"""Which part of the work a shard is: i of k, and the blocks that it makes."""

from __future__ import annotations

import re
from dataclasses import dataclass

from medsynth.core.errors import UsageError


@dataclass(frozen=True, order=True, slots=True)
class ShardName:
    """Shard `index` of `count`, counted from 0 as job arrays and remainders are.

    >>> ShardName.parse("1/4")
    ShardName(index=1, count=4)
    >>> str(ShardName(1, 4)), ShardName(1, 4).folder
    ('1/4', '1-of-4')
    """

    index: int
    count: int

    def __str__(self) -> str:
        return f"{self.index}/{self.count}"

    @property
    def folder(self) -> str:
        """The name of its folder."""
        return f"{self.index}-of-{self.count}"

    def blocks(self, total: int) -> range:
        """Return the numbers of its blocks, of so many in all.

        >>> list(ShardName(1, 4).blocks(10))
        [1, 5, 9]
        """
        return range(self.index, total, self.count)

    @classmethod
    def parse(cls, text: str) -> ShardName:
        """Return the shard that "i/k" names.

        Raises:
            UsageError: it names none.
        """
        found = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text, re.ASCII)
        if found is None:
            raise UsageError(f"--shard {text}: it takes i/k, for example 0/4.", RANGE)
        index, count = map(int, found.groups())
        if index >= count:
            last = (
                f"the last of {count} is {count - 1}/{count}" if count else "no shards do no work"
            )
            raise UsageError(f"--shard {text} is out of range: {last}.", RANGE)
        return cls(index, count)


RANGE = "i counts from 0: a job array of four has --shard 0/4, 1/4, 2/4 and 3/4."
