"""The manifest as the store keeps it: rows on disk, and in memory what they settle.

Memory is some ten bytes a row: where its line starts, and what became of its entry. A row's
id is `key_of` its index, so no index twice means no id twice.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from medsynth.core.errors import InputError
from medsynth.core.keys import key_of
from medsynth.store.files import IMAGES, KINDS, MASKS
from medsynth.store.journal import Journal
from medsynth.store.manifest import ManifestRow
from medsynth.store.settled import Settled
from medsynth.store.sidecar import Known, read_sidecar, write_sidecar

ROWS_A_CACHE = 8192
"""The cache is written when so many rows have come since; at most these are parsed on opening."""


class Ledger:
    """The rows of a manifest and what they settle.

    Opening parses the lines that `manifest.cache` does not cover, and writes nothing.

    Args:
        folder: the run's samples folder; it need not exist yet.

    Raises:
        InputError: a line is damaged before the end, or an entry comes twice.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / "manifest.jsonl"
        self.cache = folder / "manifest.cache"
        known = read_sidecar(self.cache, self.path) or Known(array("Q", [0]), Settled())
        self.settled = known.settled
        self._journal = Journal(self.path, known.starts)
        self._cached = len(known.settled)
        for row in self.rows(self._cached):
            if self.settled.status(row.index):
                raise InputError(
                    f"{self.path} has sample {row.id} (plan index {row.index}) twice.",
                    "Delete one of the two lines.",
                )
            self.settled.note(row.index, row.status)

    def __len__(self) -> int:
        return len(self._journal)

    def rows(self, first: int = 0) -> Iterator[ManifestRow]:
        """Yield the rows from row `first` on, one by one; InputError where one is damaged."""
        for number, value in enumerate(self._journal.since(first), start=first):
            yield self._checked(value, number)

    def __getitem__(self, number: int) -> ManifestRow:
        """Return one row, from 0; InputError where it is damaged, IndexError where it is not."""
        return self._checked(self._journal[number], number)

    def append(self, rows: Sequence[ManifestRow]) -> None:
        """Write rows at the end; when this returns they are on the disk."""
        self._journal.append([row.to_json() for row in rows])
        for row in rows:
            self.settled.note(row.index, row.status)
        self._keep()

    def recover(self) -> int:
        """Cut off a torn last line; return how many bytes that were. For the writer alone."""
        torn = self._journal.recover()
        self._keep()
        return torn

    def _keep(self) -> None:
        """Write the cache where many rows have come since the last one."""
        if len(self) - self._cached >= ROWS_A_CACHE:
            write_sidecar(self.cache, self.path, Known(self._journal.starts, self.settled))
            self._cached = len(self)

    def _checked(self, value: Mapping[str, Any], number: int) -> ManifestRow:
        where = f"{self.path}, line {number + 1}"
        row = ManifestRow.from_json(value, where)
        if row.status == "accepted" and not {IMAGES, MASKS} <= set(row.files) <= set(KINDS):
            raise InputError(f"{where}: an accepted sample needs an image and a mask.")
        if row.id != key_of(row.index):
            raise InputError(
                f"{where}: the id {row.id} is not {key_of(row.index)}, that of its index.",
                "It was edited; restore it from a copy.",
            )
        if number < self._cached and self.settled.status(row.index) != row.status:
            raise InputError(
                f"{where} was edited since {self.cache.name} was written.",
                f"Restore it from a copy, or delete {self.cache}.",
            )
        return row
