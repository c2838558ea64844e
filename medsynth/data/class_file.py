"""classes.json: names by mask value or colour, beside the data."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from medsynth.data.colours import packed
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
        tip = (
            'Write names by mask value: {"0": "background", "1": "polyp"}; for masks in colours '
            '{"#FF0000": "polyp"} or {"polyp": [255, 0, 0]}'
        )
        return {}, [Problem("bad-classes-file", "error", what, 1, (NAME,), tip)]


def parse_names(values: Any) -> dict[int, str]:
    """Return names by value from {"0": "background", ...}, or from what exports write.

    Masks in colours: {"#FF0000": "polyp"} or {"polyp": [255, 0, 0]}.

    Raises:
        ValueError: not a mapping of values or colours to texts that differ.
    """
    if not isinstance(values, dict):
        raise ValueError("it holds no mapping")
    if isinstance(values.get("classes"), list):
        values = dict(map(_value_and_name, values["classes"]))
    names: dict[int, str] = {}
    for written, said in values.items():
        written_as, name = (said, written) if isinstance(said, list) else (written, said)
        value = packed(written_as)
        if value is None or not isinstance(name, str):
            raise ValueError(f"{written!r}: {said!r} is no name by mask value or colour")
        if names.setdefault(value, name) != name:
            raise ValueError(f"{written_as!r} has two names")
    if len(set(names.values())) < len(names):
        raise ValueError("two classes have one name")
    return names


def _value_and_name(entry: Any) -> tuple[str, Any]:
    """Return what `exporters.classes_json` says of a class."""
    if not isinstance(entry, dict) or not {"value", "name"} <= entry.keys():
        raise ValueError(f"{entry!r} has no value and name")
    return str(entry["value"]), entry["name"]
