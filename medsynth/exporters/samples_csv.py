"""samples.csv: split, origin, group and sources of every sample, for formats without room."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from medsynth.exporters.export_set import Row
from medsynth.io.cells import write_cells

NAME = "samples.csv"
COLUMNS = ("id", "split", "origin", "group", "sources")


def write_samples(out: Path, rows: Iterable[Row]) -> None:
    """Write samples.csv into an export."""
    write_cells(out / NAME, chain([COLUMNS], map(cells, rows)))


def cells(row: Row) -> tuple[str, ...]:
    """Return the cells of `COLUMNS`; sources are joined by ";"."""
    return (row.id, row.split, row.origin, row.group, ";".join(row.sources))
