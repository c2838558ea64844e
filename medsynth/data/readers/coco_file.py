"""A COCO instances file in memory: its images, their annotations, its categories.

Source: the format page of cocodataset.org. Ids may be any whole numbers or texts.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeGuard

from medsynth.io.file_cache import FileCache
from medsynth.io.json_text import parse_json

Id = int | str
MOST_CATEGORIES = 65535


class NotCocoError(ValueError):
    """A JSON file without COCO's lists; it may be anything else."""


@dataclass(frozen=True, slots=True, eq=False)
class CocoFile:
    """What a file says; whatever is wrong with single entries is in `faults`.

    images: the usable entries: id, file_name, width and height are there.
    annotations: image id -> its annotations.
    values: category id -> mask value, 1.. in ascending order of id.
    names: mask value -> name of the categories that some annotation has.
    faults: (code, example) of entries that belong to no image.
    """

    images: tuple[Mapping[str, Any], ...]
    annotations: Mapping[Id, list[Mapping[str, Any]]]
    values: Mapping[Id, int]
    names: Mapping[int, str]
    faults: tuple[tuple[str, str], ...]


def read_coco(path: Path) -> CocoFile:
    """Parse a file.

    Raises:
        OSError: it cannot be read.
        ValueError: it is no JSON, or its categories have no ids.
        NotCocoError: it is JSON without COCO's lists.
    """
    data = parse_json(path.read_text(encoding="utf-8-sig"))
    lists = ("images", "annotations", "categories")
    if not isinstance(data, dict) or not all(isinstance(data.get(key), list) for key in lists):
        raise NotCocoError("it has not COCO's lists: images, annotations and categories")
    faults: list[tuple[str, str]] = []
    images = _images(data["images"], faults)
    names = _categories(data["categories"])
    values = {number: value for value, number in enumerate(names, start=1)}
    annotations: dict[Id, list[Mapping[str, Any]]] = defaultdict(list)
    known = {image["id"] for image in images}
    for entry in data["annotations"]:
        image_id = entry.get("image_id") if isinstance(entry, dict) else None
        if _is_id(image_id) and image_id in known:
            annotations[image_id].append(entry)
        else:
            faults.append(("coco-no-such-image", f"annotation {_shown(entry)}"))
    used = {
        entry["category_id"]
        for entries in annotations.values()
        for entry in entries
        if _is_id(entry.get("category_id"))
    }
    told = {values[number]: name for number, name in names.items() if number in used}
    return CocoFile(images, dict(annotations), values, told, tuple(faults))


COCO_FILES = FileCache(read_coco, most=4)
"""Parsed files: the annotations stay in memory, no pixel does."""


def _images(entries: list[Any], faults: list[tuple[str, str]]) -> tuple[Mapping[str, Any], ...]:
    found: dict[Id, Mapping[str, Any]] = {}
    for entry in entries:
        if not isinstance(entry, dict) or not _is_image(entry):
            faults.append(("coco-image-entry", f"image {_shown(entry)}"))
        elif entry["id"] in found:
            faults.append(("coco-image-twice", f"{entry['id']} ({entry['file_name']})"))
        else:
            found[entry["id"]] = entry
    return tuple(found.values())


def _is_image(entry: dict[str, Any]) -> bool:
    sides = [entry.get("width"), entry.get("height")]
    named = isinstance(entry.get("file_name"), str) and entry["file_name"]
    whole = all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in sides)
    return bool(_is_id(entry.get("id")) and named and whole)


def _categories(entries: list[Any]) -> dict[Id, str]:
    """Return id -> name in ascending order of id; of equal names the later ones are numbered."""
    found: dict[Id, str] = {}
    for entry in entries:
        number = entry.get("id") if isinstance(entry, dict) else None
        if not _is_id(number) or number in found or len(found) >= MOST_CATEGORIES:
            raise ValueError(f"its category {_shown(entry)} has no id of its own")
        found[number] = str(entry.get("name") or f"category-{number}")
    ordered = sorted(found, key=lambda number: (isinstance(number, str), number))
    claims = Counter(found.values())
    return {n: found[n] if claims[found[n]] == 1 else f"{found[n]}-{n}" for n in ordered}


def _is_id(value: Any) -> TypeGuard[Id]:
    return isinstance(value, int | str) and not isinstance(value, bool)


def _shown(entry: Any) -> str:
    return str(entry.get("id", entry) if isinstance(entry, dict) else entry)[:60]
