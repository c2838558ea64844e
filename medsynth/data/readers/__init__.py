"""Readers: which files of a folder belong together.

A reader is a class registered in the entry-point group `medsynth.readers`. Where pairs are
picture files, it looks at names only, never into files; what the files hold is examined
afterwards. `find` returns None where the folder is not laid out its way; of several readers
that find something, the one with most pairs (then fewest files left over, then one of plain
files, then first name) is used.

A `FrameReader` finds pairs inside of other files: slices of a volume, rows of an HDF5 file,
objects in a JSON. It may look into them for what there is, but decodes a frame's pixels only
when `read` asks for it. A reader with options of its own names their model as the class
attribute `options` and is called with one: `data.plugin.<reader>.<key>` of the recipe. What
`read` needs of them stands in the names of the frames, since the index keeps only these.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from medsynth.core.registry import Registry
from medsynth.data.listing import Listing
from medsynth.data.problems import Problem


@dataclass(frozen=True, slots=True)
class Pair:
    """One image and what labels it.

    key: unique among the pairs, "/" where nested; CSV files name it as `stem`.
    image, masks, instances: posix paths relative to the root, or absolute when outside; or
        addresses that the reader's own `read` understands. Several masks are one file an
        instance.
    attributes: what the layout says of it, for example {"split": "train"}.
    spacing_mm: (down the rows, along the columns) from one pixel to the next, where known.
    listed_as: what CSV files and data.groups call it where the key is another, to hide a
        name: it is stored nowhere, nor is a group's name that comes from it.
    """

    key: str
    image: str
    masks: tuple[str, ...]
    instances: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)
    spacing_mm: tuple[float, float] | None = None
    listed_as: str = ""

    @property
    def stem(self) -> str:
        """What CSV files call it."""
        return self.listed_as or self.key


@dataclass(frozen=True, slots=True)
class Found:
    """What a reader found.

    duplicates: sentences such as "images/a.png and images/a.jpg"; none of these is paired.
    passed_over: files that belong to pairs but are not read, such as further channels.
    class_names: names by mask value where the layout gives them.
    file_is_instance: whether each mask file holds one instance.
    problems: what else is wrong or worth knowing. All are told if the reader is used, or if
        no reader finds a pair.
    twice: sentences such as "p1: a.h5/masks/0 and b.h5/masks/3", where one pair stands in two
        places; the first is among the pairs, the second is not.
    """

    pairs: tuple[Pair, ...]
    lonely_images: tuple[str, ...] = ()
    lonely_masks: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()
    class_names: Mapping[int, str] | None = None
    file_is_instance: bool = False
    problems: tuple[Problem, ...] = ()
    twice: tuple[str, ...] = ()


class Reader(Protocol):
    """One layout. Implementations take no arguments and keep no state."""

    title: str
    """One line for `medsynth plugins`."""

    def find(self, listing: Listing) -> Found | None:
        """Return the pairs in the listing, sorted by key, or None if it is another layout."""
        ...


@runtime_checkable
class FrameReader(Protocol):
    """A reader of pairs that are no files of their own; it is a `Reader`, too."""

    @staticmethod
    def read(root: Path, name: str) -> bytes:
        """Return the frame that a pair calls `name`, as `medsynth.data.array_bytes` writes it.

        Called in any order, from several threads and processes; `medsynth.io.file_cache`
        keeps what is dear to open.

        Raises:
            OSError: there is no such frame, or its file cannot be read.
            UnreadableError: it is there, but damaged.
        """
        ...


READERS: Registry[type[Reader]] = Registry("medsynth.readers", "reader")
