"""Where the picture is that a COCO file names, and what split a file's name tells."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import PurePosixPath

from medsynth.data.readers.matching import SPLIT_FOLDERS

YEAR = re.compile(r"[_-]?(19|20)\d\d$")


class Pictures:
    """The pictures of a folder, found by what a COCO file calls them.

    Args:
        paths: all pictures, relative to the root.
    """

    def __init__(self, paths: Iterable[PurePosixPath]) -> None:
        self._called: dict[str, list[PurePosixPath]] = defaultdict(list)
        for path in paths:
            self._called[path.name].append(path)

    def places(self, file_name: str, json_path: PurePosixPath) -> list[PurePosixPath]:
        """Return the files that may be meant: one if it is clear, none if there is none.

        A file whose path ends in the whole `file_name` goes before one of the same last part;
        of several, the one in a folder of the JSON file's split, else in the JSON's own.
        """
        wanted = PurePosixPath(file_name.replace("\\", "/"))
        found = self._called.get(wanted.name, [])
        parts = wanted.parts
        whole = [path for path in found if path.parts[-len(parts) :] == parts]
        found = whole or found
        split = split_named(json_path)
        for near in (
            [path for path in found if split and split in map(split_of_name, path.parts[:-1])],
            [path for path in found if path.parent == json_path.parent],
        ):
            if len(found) > 1 and near:
                found = near
        return found


def split_named(json_path: PurePosixPath) -> str:
    """Return the split of a COCO file by its name, else its folder; "" where neither tells.

    >>> split_named(PurePosixPath("annotations/instances_val2017.json"))
    'val'
    >>> split_named(PurePosixPath("train/_annotations.coco.json"))
    'train'
    """
    own = split_of_name(json_path.stem.removeprefix("instances_"))
    return own or (split_of_name(json_path.parent.name) if json_path.parent.name else "")


def split_of_name(name: str) -> str:
    """Return the split that a folder or file is called after, with or without a year."""
    return SPLIT_FOLDERS.get(YEAR.sub("", name).lower(), "")
