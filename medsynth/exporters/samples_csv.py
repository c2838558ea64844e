"""samples.csv: split, origin, group and sources of every sample, for formats without room."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from medsynth.exporters.export_set import Row

NAME = "samples.csv"
COLUMNS = ("id", "split", "origin", "group", "sources")


def write_samples(out: Path, rows: Iterable[Row]) -> None:
    """Write samples.csv into an export."""
    with (out / NAME).open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(map(cells, rows))


def cells(row: Row) -> tuple[str, ...]:
    """Return the cells of `COLUMNS`; sources are joined by ";"."""
    return (row.id, row.split, row.origin, row.group, ";".join(row.sources))
