"""medsynth's own HDF5 export: one file with images, masks, splits and groups.

A frame is the address `<file>/images/<n>`, `<file>/masks/<n>` or `<file>/instances/<n>`; one
chunk of the file is read for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path, PurePosixPath
from typing import Any

import h5py

from medsynth.data.array_bytes import DTYPES, array_bytes
from medsynth.data.listing import Listing
from medsynth.data.problems import problem
from medsynth.data.raster import UnreadableError, damaged
from medsynth.data.readers import Found, Pair
from medsynth.data.readers.exported import exported_attributes
from medsynth.data.readers.hdf5_table import COLUMNS, WRONG, Table, read_table
from medsynth.data.readers.repeats import first_of_each

SUFFIXES = (".h5", ".hdf5")
TIP = "Export again: medsynth export --format hdf5"


class Hdf5:
    """Every sample of each such file in the folder."""

    title = "medsynth's HDF5 export: <name>.h5 with images, masks, splits and groups"

    def find(self, listing: Listing) -> Found | None:
        """Return a pair a row, by the file's text columns alone."""
        paths = [path for path in listing.others if path.suffix.lower() in SUFFIXES]
        pairs: list[Pair] = []
        names: dict[int, str] = {}
        broken: list[str] = []
        for path in paths:
            try:
                table = read_table(listing.root / path)
            except ValueError as error:
                broken.append(f"{path}: {error}")
                continue
            pairs += _pairs(path, table)
            names.update(table.classes)
        if not paths:
            return None
        pairs, twice = first_of_each(pairs, attrgetter("key"))
        problems = problem(
            "hdf5-unreadable", "error", "some HDF5 files are no exports of medsynth", broken, TIP
        )
        return Found(
            tuple(sorted(pairs, key=lambda pair: pair.key)),
            twice=twice,
            class_names=names,
            problems=tuple(problems),
        )

    @staticmethod
    def read(root: Path, name: str) -> bytes:
        """Read one chunk."""
        head, kind, number = name.rsplit("/", 2)
        path = root / head
        path.stat()
        try:
            with h5py.File(path, "r") as file:
                array: Any = file[kind][int(number)]
        except WRONG as error:
            raise damaged(error) from error
        if array.dtype.name not in DTYPES:
            raise UnreadableError(f"it holds values of type {array.dtype}")
        if array.ndim == 3 and array.shape[2] == 1:
            array = array[..., 0]
        if array.ndim not in (2, 3):
            raise UnreadableError(f"it has {array.ndim} axes")
        return array_bytes(array)


def _pairs(path: PurePosixPath, table: Table) -> Iterator[Pair]:
    """Yield the pairs of one file."""
    for row, key in enumerate(table.columns["ids"]):
        said = {name: table.columns[name][row] for name in COLUMNS[1:]}
        yield Pair(
            key,
            f"{path}/images/{row}",
            (f"{path}/masks/{row}",),
            f"{path}/instances/{row}" if table.numbered else None,
            {"split": said["split"], **exported_attributes(said)},
        )
