"""A datasheet in Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from medsynth.core.words import counted


def in_words(sheet: Mapping[str, Any]) -> str:
    """Return the Markdown of a datasheet; sections of which nothing is known are left out."""
    parts = [
        f"# {sheet['name']}\n\nImages with segmentation masks, written as {sheet['format']} by "
        f"{sheet['generator']}.",
        _section("Counts", _table(("split", "origin", "pairs"), _counts(sheet["counts"]))),
        _section("Images", _list(_images(sheet["images"]))),
        _section("Classes", _table(("class", "of", "pairs that show it"), _classes(sheet))),
        _section("Model", _list(sheet.get("model"))),
        _section("Recipe", _list(sheet.get("recipe"))),
        _section("Sampling", _bullets(map(_setting, sheet.get("sampling") or ()))),
        _section("Gates", _list(sheet.get("gates"))),
        _section("Acceptance", _list(_total(sheet.get("acceptance")))),
        _section("Measured", _list(sheet.get("evaluation"))),
        _section("Notes", _bullets(sheet["notes"])),
        _section("Known limits", _bullets(sheet["limits"])),
        _section("Licence", sheet["license_note"]),
        _section("How to cite", _bullets(sheet["cite"])),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def flat(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Yield (dotted name, text) of each value in nested ones; a value and its interval are one.

    >>> list(flat({"kid": {"value": 0.1, "interval": [0.05, 0.2]}, "seen": None}))
    [('kid', '0.1 [0.05, 0.2]')]
    """
    if isinstance(value, Mapping):
        if "value" in value and value.get("interval"):
            low, high = value["interval"]
            yield name, f"{_text(value['value'])} [{_text(low)}, {_text(high)}]"
            value = {k: v for k, v in value.items() if k not in ("value", "interval")}
        for key, inner in value.items():
            yield from flat(inner, f"{name}.{key}" if name else str(key))
    elif isinstance(value, list) and any(isinstance(each, Mapping | list) for each in value):
        for number, inner in enumerate(value, start=1):
            yield from flat(inner, f"{name}.{number}" if name else str(number))
    elif isinstance(value, list) and value:
        yield name, ", ".join(map(_text, value))
    elif value is not None and value != []:
        yield name, _text(value)


def _text(value: Any) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def _section(title: str, body: str) -> str:
    return f"## {title}\n\n{body}" if body else ""


def _list(value: Any) -> str:
    return "\n".join(f"- {name}: {text}" for name, text in flat(value))


def _bullets(sentences: Iterable[str]) -> str:
    return "\n".join(f"- {each}" for each in sentences)


def _table(head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    lines = [f"| {' | '.join(map(str, row))} |" for row in rows]
    head = tuple(head)
    return "\n".join((f"| {' | '.join(head)} |", "|---" * len(head) + "|", *lines)) if lines else ""


def _counts(counts: Mapping[str, Mapping[str, int]]) -> Iterator[tuple[str, str, int]]:
    for split, origins in counts.items():
        for origin, pairs in origins.items():
            yield split, origin, pairs


def _classes(sheet: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    for item in sheet["classes"] or ():
        name = item["name"] if item["id"] is None else f"{item['id']} {item['name']}"
        for of, pairs in item["pairs"].items():
            yield name, of, pairs


def _images(images: Mapping[str, Any]) -> dict[str, Any]:
    size = images["size_hw"]
    return {
        "size in pixels (height x width)": f"{size[0]}x{size[1]}" if size else "they differ",
        "channels": images["channels"],
    }


def _setting(setting: Mapping[str, Any]) -> str:
    told = ", ".join(f"{name} {text}" for name, text in flat(setting) if name != "samples")
    return f"{counted(setting['samples'], 'sample')}: {told}"


def _total(acceptance: Any) -> Any:
    return None if acceptance is None else acceptance["total"]
