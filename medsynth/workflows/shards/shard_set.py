"""The shards of one set: which there are, what they lack, and their rows in the plan's order."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from medsynth.core.errors import InputError, listed
from medsynth.io.runs import Run
from medsynth.store.manifest import ManifestRow, Status
from medsynth.store.samples import SampleStore
from medsynth.workflows.shards.facts import ShardFacts
from medsynth.workflows.shards.name import ShardName


@dataclass(frozen=True, eq=False)
class ShardSet:
    """Shards of one set.

    facts: what they have in common.
    count: how many the set has, those that are not there included.
    stores: samples of those that are there.
    """

    facts: ShardFacts
    count: int
    stores: dict[ShardName, SampleStore]

    def end(self, whole: SampleStore) -> int | None:
        """Return the first index of the plan beyond what a run with n samples has.

        Where the reserve does not suffice, it is the end of the blocks; None where an entry
        before it is not settled, by the run's store or by a shard.
        """
        accepted, length = 0, self.facts.blocks * self.facts.batch
        for index in range(length):
            if accepted == self.facts.n:
                return index
            status = whole.status(index) or self._status(index)
            if status is None:
                return None
            accepted += status == "accepted"
        return length

    def rows(self, whole: SampleStore, end: int) -> Iterator[tuple[ManifestRow, Path]]:
        """Yield what the run's store lacks before `end`, and from which folder, in order."""
        streams = [self._rows(name, store) for name, store in sorted(self.stores.items())]
        for row, folder in heapq.merge(*streams, key=lambda each: each[0].index):
            if row.index >= end:
                return
            if not whole.settled(row.index):
                yield row, folder

    def lacks(self, whole: SampleStore) -> dict[ShardName, list[int]]:
        """Return the blocks that are not made, by shard; shards without any are left out."""
        found = {}
        for index in range(self.count):
            name = ShardName(index, self.count)
            own = [self.stores[name]] if name in self.stores else []
            if missing := self.facts.open_blocks(name, whole, *own):
                found[name] = missing
        return found

    def _status(self, index: int) -> Status | None:
        name = ShardName(index // self.facts.batch % self.count, self.count)
        store = self.stores.get(name)
        return None if store is None else store.status(index)

    def _rows(self, name: ShardName, store: SampleStore) -> Iterator[tuple[ManifestRow, Path]]:
        for row in store.rows():
            if row.index // self.facts.batch % name.count != name.index:
                raise InputError(
                    f"{store.folder} has {row.id}, which is not of shard {name}.",
                    "It was edited; delete the shard and make it again.",
                )
            yield row, store.folder


def told_lacks(lacks: dict[ShardName, list[int]], facts: ShardFacts, run: Run) -> InputError:
    """Return the error that says which blocks lack, and the commands that make them."""
    parts = []
    for name, blocks in lacks.items():
        total = len(name.blocks(facts.blocks))
        parts.append(f"{name} lacks {len(blocks)} of {total} ({listed(map(str, blocks), 4)})")
    commands = [facts.again(name, run) for name in lacks]
    return InputError(
        f"the shards of {run.path} are not complete; blocks that lack, by shard: "
        f"{listed(parts, 8)}.",
        "Make them: " + " ; ".join(commands[:8]),
    )
