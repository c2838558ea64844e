"""COCO instances: JSON files with polygons or RLE, and the pictures that they name.

A mask is the address `<json>/labels/<n>` or `<json>/instances/<n>`, n counting the file's
usable images from 0; pixels are drawn when they are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from operator import attrgetter
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsynth.data.array_bytes import array_bytes
from medsynth.data.ids import repeated
from medsynth.data.listing import Listing
from medsynth.data.problems import Problem, problem
from medsynth.data.raster import UnreadableError
from medsynth.data.readers import Found, Pair
from medsynth.data.readers.coco_file import COCO_FILES, CocoFile, NotCocoError
from medsynth.data.readers.coco_pictures import Pictures, split_named
from medsynth.data.readers.coco_pixels import draw
from medsynth.data.readers.coco_problems import Files, file_problems
from medsynth.data.readers.exported import exported_attributes
from medsynth.data.readers.repeats import first_of_each


class Coco:
    """`annotations/instances_<split>.json`, or any JSON with COCO's lists."""

    title = "COCO instances: annotations/instances_<split>.json (polygons, RLE) and its pictures"

    def find(self, listing: Listing) -> Found | None:
        """Return a pair an image entry whose picture is there; an image may have no object."""
        files, problems = _files(listing)
        pictures = Pictures(listing.images)
        placed = [
            (path, number, entry, pictures.places(entry["file_name"], path))
            for path, file in files.items()
            for number, entry in enumerate(file.images)
        ]
        pairs, twice = first_of_each(
            _pairs([each for each in placed if len(each[3]) == 1]), attrgetter("image")
        )
        listed = {place for each in placed for place in each[3]}
        rest = [path.as_posix() for path in listing.images if path not in listed]
        problems += file_problems(files)
        problems += problem(
            "coco-not-listed", "warning", "some pictures stand in no annotation file", rest,
            "They are not read; list them (an image without annotations has no object).",
        )  # fmt: skip
        if not files and not any(found.severity == "error" for found in problems):
            return None
        return Found(
            tuple(sorted(_told_apart(pairs), key=lambda pair: pair.key)),
            lonely_masks=tuple(f"{e['file_name']} of {p}" for p, _, e, at in placed if not at),
            duplicates=tuple(" and ".join(map(str, at)) for *_, at in placed if len(at) > 1),
            twice=twice,
            class_names={v: n for file in files.values() for v, n in file.names.items()},
            problems=tuple(problems),
        )

    @staticmethod
    def read(root: Path, name: str) -> bytes:
        """Draw the annotations of one image."""
        head, kind, number = name.rsplit("/", 2)
        file = COCO_FILES.get(root / head)
        if not number.isdigit() or int(number) >= len(file.images):
            raise UnreadableError(f"{head} has changed: it lists {len(file.images)} images")
        labels, numbers = _drawn(file, int(number))
        return array_bytes(labels if kind == "labels" else numbers)


@lru_cache(maxsize=8)
def _drawn(file: CocoFile, number: int) -> tuple[NDArray[np.uint16], NDArray[np.int32]]:
    """Return labels and numbers of an image, drawn once for the two that are read in turn."""
    entry = file.images[number]
    hw = (entry["height"], entry["width"])
    return draw(file.annotations.get(entry["id"], []), hw, file.values)


def _files(listing: Listing) -> tuple[Files, list[Problem]]:
    """Return the COCO files of a folder; those called instances_* alone, if there are any."""
    paths = [path for path in listing.others if path.suffix.lower() == ".json"]
    named = [path for path in paths if path.name.startswith("instances_")]
    files: Files = {}
    broken: list[str] = []
    for path in named or paths:
        try:
            files[path] = COCO_FILES.get(listing.root / path)
        except NotCocoError as error:
            broken += [f"{path}: {error}"] if named else []
        except (OSError, ValueError) as error:
            broken.append(f"{path}: {error}")
    return files, problem(
        "coco-unreadable",
        "error" if named or not files else "warning",
        "some annotation files cannot be read",
        broken,
        "Write them again as COCO instances.",
    )


Placed = tuple[PurePosixPath, int, Mapping[str, Any], list[PurePosixPath]]


def _pairs(placed: list[Placed]) -> Iterator[Pair]:
    """Yield a pair an entry; its key is the file's name."""
    for path, number, entry, (picture,) in placed:
        split = split_named(path)
        yield Pair(
            PurePosixPath(entry["file_name"]).with_suffix("").name,
            picture.as_posix(),
            (f"{path}/labels/{number}",),
            f"{path}/instances/{number}",
            {**({"split": split} if split else {}), **exported_attributes(entry)},
        )


def _told_apart(pairs: list[Pair]) -> list[Pair]:
    """Return pairs of different pictures under keys of their own.

    Where two have one key, it becomes the path of the picture without its suffix, and if that is
    not enough, with it.
    """
    longer = [PurePosixPath(pair.image).with_suffix("").as_posix() for pair in pairs]
    while shared := repeated(pair.key for pair in pairs):
        pairs = [
            replace(pair, key=key) if pair.key in shared else pair
            for pair, key in zip(pairs, longer, strict=True)
        ]
        longer = [pair.image for pair in pairs]
    return pairs
