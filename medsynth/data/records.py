"""The data index: what a run knows of its data, frozen on disk.

`index.json` holds root, classes, mask coding and geometry; `items.jsonl` a line a pair.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from medsynth.core.errors import InputError
from medsynth.core.types import Fit, LabelClass, Split
from medsynth.data.coding import MaskCoding
from medsynth.data.problems import Problem
from medsynth.io.atomic import write_json, write_text
from medsynth.io.hashing import hash_bytes, hash_json
from medsynth.io.json_text import parse_json

INDEX = "index.json"
ITEMS = "items.jsonl"
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Item:
    """One usable pair.

    id: safe as a file name.
    image, masks, instances: posix paths relative to the index's root, absolute when outside,
        or addresses for the reader; see `medsynth.data.source`. Masks of a run that was given
        away have an empty `image`.
    image_sha256: of the image file, or of the frame's pixels.
    mask_sha256: of the mask file; of several, and of the instance file, together.
    source_hw: (height, width) of the image file, EXIF orientation applied.
    attributes: what CSV files and the layout say of it, and `key`, its name in the data.
    spacing_mm: (down the rows, along the columns) from pixel to pixel of the source, where
        the reader knows it; it changes no pixel and so is no part of the index's hash.
    """

    id: str
    image: str
    masks: tuple[str, ...]
    instances: str | None
    group: str
    split: Split
    image_sha256: str
    mask_sha256: str
    source_hw: tuple[int, int]
    attributes: dict[str, str]
    spacing_mm: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class DataIndex:
    """All usable pairs and how they are read.

    root: absolute path of the data; on disk it may be relative to the index itself.
    classes: background (id 0) first; ids run without gaps.
    channels: 1 when all images are grey, else 3.
    has_instances: whether samples carry instance ids.
    window: percentiles of each 16-bit or float image that become black and white.
    reader: name of the reader that found the pairs.
    notes: warnings and notes of the build, for whoever shows it.
    """

    root: Path
    items: tuple[Item, ...]
    classes: tuple[LabelClass, ...]
    channels: Literal[1, 3]
    has_instances: bool
    coding: MaskCoding
    size_hw: tuple[int, int]
    fit: Fit
    window: tuple[float, float]
    reader: str
    notes: tuple[Problem, ...] = ()

    def split(self, name: Split) -> list[Item]:
        """Return the items of one split, in order of id."""
        return [item for item in self.items if item.split == name]

    @property
    def hash(self) -> str:
        """SHA-256 of what the data is and how it is read, wherever the root lies."""
        items = [
            [item.id, item.image_sha256, item.mask_sha256, item.group, item.split]
            for item in self.items
        ]
        return hash_json({**self._head(), "items": items})

    def _head(self) -> dict[str, Any]:
        return {
            "format": FORMAT,
            "classes": [[c.id, c.name] for c in self.classes],
            "channels": self.channels,
            "has_instances": self.has_instances,
            "coding": dataclasses.asdict(self.coding),
            "size_hw": list(self.size_hw),
            "fit": self.fit,
            "window": list(self.window),
        }

    def save(self, folder: Path) -> None:
        """Write both files into `folder`, each atomically, the items first."""
        lines = [json.dumps(dataclasses.asdict(item), ensure_ascii=False) for item in self.items]
        text = "".join(line + "\n" for line in lines)
        write_text(folder / ITEMS, text)
        about = {
            **self._head(),
            "root": self.root.as_posix(),
            "reader": self.reader,
            "hash": self.hash,
            "items_sha256": hash_bytes(text.encode()),
            "notes": [dataclasses.asdict(note) for note in self.notes],
        }
        write_json(folder / INDEX, about)

    @classmethod
    def load(cls, folder: Path, root: Path | None = None) -> DataIndex:
        """Read an index; `root` says where the data lies now, if it was moved.

        Raises:
            InputError: a file is absent, of another format, or both do not belong together.
        """
        try:
            head = parse_json((folder / INDEX).read_text(encoding="utf-8"))
            if head["format"] != FORMAT:
                raise InputError(
                    f"{folder / INDEX} is of format {head['format']}; this medsynth reads {FORMAT}."
                )
            data = (folder / ITEMS).read_bytes()
            items = [parse_json(line) for line in data.splitlines()]
            index = _from_plain(head, items, root or folder / head["root"])
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"the data index in {folder} cannot be read: {error}.", "Fit again: medsynth fit"
            ) from error
        items_sha256 = head.get("items_sha256")  # None: of an older version
        if index.hash != head["hash"] or items_sha256 not in (None, hash_bytes(data)):
            raise InputError(
                f"{folder / INDEX} and {ITEMS} do not belong together.", "Fit again: medsynth fit"
            )
        return index


def _from_plain(head: dict[str, Any], items: list[dict[str, Any]], root: Path) -> DataIndex:
    coding = dict(head["coding"])
    coding["entries"] = tuple((int(v), int(c)) for v, c in coding["entries"])
    return DataIndex(
        root=root.absolute(),
        items=tuple(_item(values) for values in items),
        classes=tuple(LabelClass(int(i), str(name)) for i, name in head["classes"]),
        channels=head["channels"],
        has_instances=head["has_instances"],
        coding=MaskCoding(**coding),
        size_hw=(head["size_hw"][0], head["size_hw"][1]),
        fit=head["fit"],
        window=(head["window"][0], head["window"][1]),
        reader=head["reader"],
        notes=tuple(
            Problem(**{**note, "examples": tuple(note["examples"])}) for note in head["notes"]
        ),
    )


def _item(values: dict[str, Any]) -> Item:
    height, width = values["source_hw"]
    spacing = values.get("spacing_mm")
    typed = {
        "masks": tuple(values["masks"]),
        "source_hw": (height, width),
        "spacing_mm": None if spacing is None else (float(spacing[0]), float(spacing[1])),
    }
    return Item(**{**values, **typed})
