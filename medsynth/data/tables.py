"""CSV files beside the data that say something of each stem."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from medsynth.core.errors import InputError

STEM = "stem"
SPLIT_FILE = "split.csv"


@dataclass(frozen=True, slots=True)
class Table:
    """One CSV file: the values of each stem.

    rows: stem -> column -> value.
    columns: all columns but `stem`.
    """

    name: str
    columns: tuple[str, ...]
    rows: Mapping[str, Mapping[str, str]]

    def row(self, key: str) -> Mapping[str, str]:
        """Return the values of a pair's key: its row, else that of its last part; or {}."""
        return self.rows.get(key) or self.rows.get(key.rpartition("/")[2]) or {}


def read_tables(root: Path) -> dict[str, Table]:
    """Read every CSV directly in `root` that has a `stem` column; name -> table, sorted."""
    found: dict[str, Table] = {}
    for path in sorted(root.iterdir()):
        if path.suffix.lower() == ".csv" and path.is_file():
            table = _read(path)
            if table is not None:
                found[path.name] = table
    return found


def read_table(path: Path) -> Table:
    """Read one CSV with a `stem` column.

    Raises:
        InputError: it is absent, not text, or has no such column.
    """
    if not path.is_file():
        raise InputError(f"{path} does not exist.", "Mend the path, or leave the option out.")
    table = _read(path)
    if table is None:
        raise InputError(f"{path} has no column `{STEM}`.", f"Name the id column `{STEM}`.")
    return table


def _read(path: Path) -> Table | None:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as UTF-8 text: {error}.") from error
    lines = text.splitlines()
    if not lines:
        return None
    delimiter = max(",;\t", key=lines[0].count)
    try:
        reader = csv.DictReader(lines, delimiter=delimiter)
        names = {name: name.strip() for name in reader.fieldnames or () if name}
        stem = next((raw for raw, name in names.items() if name.lower() == STEM), None)
        if stem is None:
            return None
        rows: dict[str, dict[str, str]] = {}
        for line in reader:
            key = (line.get(stem) or "").strip()
            values = {
                name: (line.get(raw) or "").strip() for raw, name in names.items() if raw != stem
            }
            if key and rows.setdefault(key, values) != values:
                raise InputError(f"{path} has two rows for '{key}' that differ.", "Keep one.")
    except csv.Error as error:
        raise InputError(f"{path} is not a CSV file: {error}.") from error
    return Table(path.name, tuple(name for raw, name in names.items() if raw != stem), rows)
