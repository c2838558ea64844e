"""The sample store: synthetic images and masks on disk, with their manifest.

::

    images/<id>.png      grey or RGB, uint8
    masks/<id>.png       uint8 class ids
    instances/<id>.png   uint16 instance ids, only where there are any
    manifest.jsonl       one line a sample, with hashes and lineage

The manifest's line is written last: a sample is there when its line is. A sample that a
kill interrupted between the two is simply made again, with the same bytes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from medsynth.core.errors import InputError
from medsynth.core.types import Sample, Split
from medsynth.io.atomic import remove_leftovers
from medsynth.store.files import IMAGES, KINDS, MASKS, read_files, write_files
from medsynth.store.ids import check_id
from medsynth.store.journal import Journal
from medsynth.store.lineage import Lineage
from medsynth.store.manifest import ManifestRow, Status


@dataclass(frozen=True, slots=True, eq=False)
class NewSample:
    """An accepted sample on its way into the store, with its place in the plan."""

    sample: Sample
    index: int
    lineage: Lineage


@dataclass(frozen=True, slots=True)
class GivenUp:
    """An entry of the plan for which no acceptable image was found."""

    id: str
    index: int
    lineage: Lineage
    reason: str
    group: str = ""
    split: Split = "train"


class SampleStore:
    """The samples of one run, in the order in which they were added.

    Opening reads the manifest once, and changes nothing on disk; the writer, who holds the
    run's lock, calls `recover` (or simply adds).

    Args:
        folder: the run's samples folder; it need not exist yet.

    Raises:
        InputError: the manifest is damaged before its end, or names one sample twice.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._journal = Journal(folder / "manifest.jsonl")
        self._status: dict[int, Status] = {}
        self._ids: set[str] = set()
        self._recovered = False
        for row in self.rows():
            self._note(row)

    def done(self) -> set[int]:
        """Return the plan indices that are settled: accepted or given up."""
        return set(self._status)

    def status(self, index: int) -> Status | None:
        """Return what became of an entry of the plan, or None where it is not settled."""
        return self._status.get(index)

    def count(self, status: Status) -> int:
        """Return how many samples have this status."""
        return sum(each == status for each in self._status.values())

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
        """Yield the manifest's rows, one by one."""
        for number, value in enumerate(self._journal, start=1):
            where = f"{self._journal.path}, line {number}"
            row = ManifestRow.from_json(value, where)
            if row.status == "accepted" and not {IMAGES, MASKS} <= set(row.files) <= set(KINDS):
                raise InputError(f"{where}: an accepted sample needs an image and a mask.")
            yield row

    def recover(self) -> int:
        """Remove what a kill left: temporary files and a torn last line of the manifest.

        For the writer alone. Returns how many bytes of the manifest were cut off.
        """
        self._recovered = True
        for kind in KINDS:
            remove_leftovers(self.folder / kind)
        return self._journal.recover()

    def add(self, items: Sequence[NewSample | GivenUp]) -> list[ManifestRow]:
        """Write samples: PNGs first, then the manifest's lines, all in one go.

        When this returns the samples are on the disk. Larger batches are faster.

        Raises:
            InputError: an id cannot be a file name.
            ValueError: the store has a sample of this index or id already.
        """
        if not self._recovered:
            self.recover()
        self._refuse_known(items)
        rows = [self._write(item) for item in items]
        self._journal.append([row.to_json() for row in rows])
        for row in rows:
            self._note(row)
        return rows

    def _write(self, item: NewSample | GivenUp) -> ManifestRow:
        if isinstance(item, GivenUp):
            nothing: dict[str, str] = {}
            return ManifestRow(
                item.id, item.index, "given-up", nothing, item.group, item.split, item.lineage,
                item.reason,
            )  # fmt: skip
        sample = item.sample
        files = write_files(self.folder, sample)
        return ManifestRow(
            sample.id, item.index, "accepted", files, sample.group, sample.split, item.lineage
        )

    def _refuse_known(self, items: Sequence[NewSample | GivenUp]) -> None:
        ids, indices = set(self._ids), set(self._status)
        for item in items:
            name = item.id if isinstance(item, GivenUp) else item.sample.id
            check_id(name, "a sample to store")
            if name in ids or item.index in indices:
                raise ValueError(f"{self.folder} has sample {name} (plan index {item.index})")
            ids.add(name)
            indices.add(item.index)

    def _note(self, row: ManifestRow) -> None:
        if row.index in self._status or row.id in self._ids:
            raise InputError(
                f"{self._journal.path} has sample {row.id} (plan index {row.index}) twice.",
                "Delete one of the two lines.",
            )
        self._status[row.index] = row.status
        self._ids.add(row.id)
