"""The sample store: synthetic images and masks on disk, with their manifest.

::

    images/<id>.png      grey or RGB, uint8
    masks/<id>.png       uint8 class ids
    instances/<id>.png   uint16 instance ids, only where there are any
    manifest.jsonl       one line a sample, with hashes and lineage
    manifest.cache       where these lines start, and what they settle; may be deleted

The manifest's line is written last: a sample is there when its line is. A sample that a
kill interrupted between the two is simply made again, with the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from medsynth.core.keys import key_of
from medsynth.core.types import Sample
from medsynth.io.atomic import remove_leftovers
from medsynth.io.file_batch import file_batch
from medsynth.store.files import KINDS, read_files, write_files
from medsynth.store.ids import check_id
from medsynth.store.items import GivenUp, NewSample
from medsynth.store.ledger import Ledger
from medsynth.store.manifest import ManifestRow, Status

__all__ = ["GivenUp", "NewSample", "SampleStore"]


class SampleStore:
    """The samples of one run, in the order in which they were added.

    Memory is some ten bytes a sample, and no file stays open. Opening changes nothing on
    disk; the writer, who holds the run's lock, calls `recover` (or simply adds).

    Args:
        folder: the run's samples folder; it need not exist yet.

    Raises:
        InputError: the manifest is damaged before its end, or names one sample twice.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ledger = Ledger(folder)
        self._recovered = False

    def settled(self, index: int) -> bool:
        """Return whether an entry of the plan is settled: accepted or given up."""
        return self.status(index) is not None

    def first_open(self) -> int:
        """Return the first index of the plan that is not settled: where to go on."""
        return self._ledger.settled.first_open()

    def status(self, index: int) -> Status | None:
        """Return what became of an entry of the plan, or None where it is not settled."""
        return self._ledger.settled.status(index)

    def count(self, status: Status) -> int:
        """Return how many samples have this status."""
        return self._ledger.settled.count(status)

    def __len__(self) -> int:
        """Return how many accepted samples there are."""
        return self.count("accepted")

    def __iter__(self) -> Iterator[Sample]:
        return self.samples()

    def samples(self, verify: bool = False) -> Iterator[Sample]:
        """Yield the accepted samples, read from disk one by one.

        Args:
            verify: also check each file against the manifest's SHA-256.

        Raises:
            InputError: a file is missing, damaged, or not the one in the manifest.
        """
        for row in self.rows():
            if row.status == "accepted":
                yield self.read(row, verify)

    def read(self, row: ManifestRow, verify: bool = False) -> Sample:
        """Return the sample of an accepted row; see `samples`."""
        image, mask = read_files(self.folder, row, verify)
        lineage = row.lineage.to_json()
        return Sample(row.id, image, mask, row.split, "synthetic", row.group, None, lineage)

    def rows(self) -> Iterator[ManifestRow]:
        """Yield the manifest's rows, one by one; InputError where one is damaged."""
        return self._ledger.rows()

    def row(self, number: int) -> ManifestRow:
        """Return one row by its place in `rows`, from 0, without reading those before it.

        Raises:
            InputError: it is damaged.
            IndexError: there is no such row.
        """
        return self._ledger[number]

    def recover(self) -> int:
        """Remove what a kill left: temporary files and a torn last line of the manifest.

        For the writer alone. Returns how many bytes of the manifest were cut off.
        """
        self._recovered = True
        for folder in (self.folder, *(self.folder / kind for kind in KINDS)):
            remove_leftovers(folder)
        return self._ledger.recover()

    def add(self, items: Sequence[NewSample | GivenUp]) -> list[ManifestRow]:
        """Write samples: PNGs first, then the manifest's lines, all in one go.

        When this returns the samples are on the disk. Larger batches are faster.

        Raises:
            InputError: an id cannot be a file name.
            ValueError: an id is not the key of its index, or the store has that index already.
        """
        if not self._recovered:
            self.recover()
        self._refuse_known(items)
        with file_batch() as write:
            rows = [
                item.row()
                if isinstance(item, GivenUp)
                else item.row(write_files(self.folder, item.sample, write))
                for item in items
            ]
        self._ledger.append(rows)
        return rows

    def _refuse_known(self, items: Sequence[NewSample | GivenUp]) -> None:
        new: set[int] = set()
        for item in items:
            check_id(item.id, "a sample to store")
            if item.id != key_of(item.index):
                raise ValueError(f"plan index {item.index} is {key_of(item.index)}, not {item.id}")
            if self.settled(item.index) or item.index in new:
                raise ValueError(f"{self.folder} has sample {item.id} (plan index {item.index})")
            new.add(item.index)
