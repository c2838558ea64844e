"""Files beside the data that say something of each stem: CSV files, and the lists of exports.

An export lists its samples in samples.csv, or, for Hugging Face, in metadata.jsonl of each split.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from medsynth.core.errors import InputError
from medsynth.io.cells import plain
from medsynth.io.json_text import parse_json

STEM = "stem"
SPLIT_FILE = "split.csv"
EXPORTED = {"id", "split", "origin", "group", "sources"}
"""Columns of samples.csv, which medsynth's exports have: its stems are ids, its cells guarded."""
METADATA = "metadata.jsonl"
TOLD = ("origin", "group")
"""What is taken of metadata.jsonl; others write files of this name too, with keys of their own."""


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
    """Read what says something of stems: every CSV directly in `root`, lists of exports."""
    found: dict[str, Table] = {}
    for path in sorted(root.iterdir()):
        if path.suffix.lower() == ".csv" and path.is_file():
            table = _read(path)
            if table is not None:
                found[path.name] = table
    told = _read_metadata(root)
    return {**found, METADATA: Table(METADATA, TOLD, told)} if told else found


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


def _read_metadata(root: Path) -> dict[str, dict[str, str]]:
    """Return id -> origin and group from metadata.jsonl of each split; {} where it is not ours."""
    rows: dict[str, dict[str, str]] = {}
    for path in sorted(root.glob(f"*/{METADATA}")):
        if path.is_symlink() or path.parent.is_symlink():
            continue
        try:
            lines = [parse_json(line) for line in path.read_bytes().splitlines()]
        except (OSError, ValueError):
            continue
        for line in lines:
            if isinstance(line, dict) and {"id", "sources", *TOLD} <= line.keys():
                rows[str(line["id"])] = {name: str(line[name]) for name in TOLD}
    return rows


def _read(path: Path) -> Table | None:
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read as UTF-8 text: {error}.") from error
    # The csv module finds the ends of lines itself: a cell in quotes may hold some.
    lines = io.StringIO(text, newline="")
    delimiter = max(",;\t", key=lines.readline().count)
    lines.seek(0)
    try:
        reader = csv.DictReader(lines, delimiter=delimiter)
        names = {name: name.strip() for name in reader.fieldnames or () if name}
        ours = set(names.values()) == EXPORTED
        key_column, read = ("id", plain) if ours else (STEM, str.strip)
        stem = next((raw for raw, name in names.items() if name.lower() == key_column), None)
        if stem is None:
            return None
        rows: dict[str, dict[str, str]] = {}
        for line in reader:
            cells = {raw: read(line.get(raw) or "") for raw in names}
            key = cells[stem]
            values = {name: cells[raw] for raw, name in names.items() if raw != stem}
            if key and rows.setdefault(key, values) != values:
                raise InputError(f"{path} has two rows for '{key}' that differ.", "Keep one.")
    except csv.Error as error:
        raise InputError(f"{path} is not a CSV file: {error}.") from error
    return Table(path.name, tuple(name for raw, name in names.items() if raw != stem), rows)
