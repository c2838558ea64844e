"""classes.json: names by mask value, beside the data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from medsynth.data.problems import Problem
from medsynth.io.json_text import parse_json

NAME = "classes.json"


def read_classes(root: Path) -> tuple[Mapping[int, str], list[Problem]]:
    """Return names by mask value from `root`/classes.json ({} if there is none), and problems."""
    path = root / NAME
    if not path.is_file():
        return {}, []
    try:
        return parse_names(parse_json(path.read_text(encoding="utf-8-sig"))), []
    except (OSError, ValueError) as error:
        what = f"{NAME} cannot be read: {error}"
        tip = 'Write names by mask value: {"0": "background", "1": "polyp"}'
        return {}, [Problem("bad-classes-file", "error", what, 1, (NAME,), tip)]


def parse_names(values: Any) -> dict[int, str]:
    """Return names by value from {"0": "background", ...}.

    Raises:
        ValueError: not a mapping of whole numbers to texts that differ.
    """
    if not isinstance(values, dict):
        raise ValueError("it holds no mapping")
    names = {}
    for value, name in values.items():
        if not isinstance(name, str) or not str(value).strip().isdigit():
            raise ValueError(f"{value!r}: {name!r} is no name by mask value")
        names[int(value)] = name
    if len(set(names.values())) < len(names):
        raise ValueError("two classes have one name")
    return names
