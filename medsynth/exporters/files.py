"""Formats of one or more files a sample: converted by several threads, written in order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from medsynth.exporters.exporter import ExportSet, Report

Files = Mapping[str, bytes]
"""Path inside the export, with "/" between folders -> what the file holds."""


def write_files(
    export_set: ExportSet, converted: Iterable[Files], out: Path, report: Report
) -> None:
    """Write the files of each sample, which come in the order of the set, into `out`."""
    made: set[Path] = set()
    for done, (row, files) in enumerate(zip(export_set.rows, converted, strict=True), start=1):
        for name, data in files.items():
            path = out / name
            if path.parent not in made:
                path.parent.mkdir(parents=True, exist_ok=True)
                made.add(path.parent)
            path.write_bytes(data)
        report(done, len(export_set), row.id)
