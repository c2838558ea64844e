"""A set under the names that its export will have, and the table of old and new ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from medsynth.core.types import Sample
from medsynth.core.words import counted
from medsynth.exporters.export_set import ExportSet, Row
from medsynth.exporters.names import NameRule, make_names
from medsynth.io.cells import write_cells
from medsynth.io.hashing import hash_json

NAME = "renamed.csv"


@dataclass(frozen=True, slots=True)
class Renaming:
    """What became of the ids of a set.

    export_set: the set, whose ids are now the names of its files.
    table: old id -> new name, of those that differ.
    """

    export_set: ExportSet
    table: Mapping[str, str]

    def write(self, out: Path) -> None:
        """Write renamed.csv (old, new), where anything was renamed."""
        if self.table:
            write_cells(out / NAME, [("old", "new"), *self.table.items()])


def renamed(export_set: ExportSet, template: str, rule: NameRule) -> Renaming:
    """Return the set under the names of its export.

    Sources that are not in the set themselves keep their ids.

    Raises:
        InputError: two samples would have one name.
    """
    names, changed = make_names(export_set.rows, template, rule)
    table = {old: new for old, new in names.items() if old != new}
    if not table:
        return Renaming(export_set, table)
    rows = tuple(_named(row, names) for row in export_set.rows)
    old_rows = {new.id: old for new, old in zip(rows, export_set.rows, strict=True)}

    def load(row: Row) -> Sample:
        return replace(export_set.load(old_rows[row.id]), id=row.id)

    note = (
        f"Renamed: {counted(len(changed), 'sample')}. What is unsafe in a file name becomes '_'; "
        f"in this format {rule.sentence}. {NAME} has old and new names."
    )
    named = replace(
        export_set,
        rows=rows,
        load=load,
        real=tuple(_named(row, names) for row in export_set.real),
        about={**export_set.about, "renamed": {"count": len(table), "sha256": hash_json(table)}},
        notes=(*export_set.notes, note) if changed else export_set.notes,
    )
    return Renaming(named, table)


def _named(row: Row, names: Mapping[str, str]) -> Row:
    sources = tuple(names.get(source, source) for source in row.sources)
    return replace(row, id=names.get(row.id, row.id), sources=sources)
