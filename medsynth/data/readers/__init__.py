"""Readers: which files of a folder belong together.

A reader is a class registered in the entry-point group `medsynth.readers`. It looks at
names only, never into files; what the files hold is examined afterwards. `find` returns
None where the folder is not laid out its way; of several readers that find something,
the one with most pairs (then fewest files left over, then first name) is used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from medsynth.core.registry import Registry
from medsynth.data.listing import Listing


@dataclass(frozen=True, slots=True)
class Pair:
    """One image and what labels it.

    key: unique among the pairs, "/" where nested; CSV files name it as `stem`.
    image, masks, instances: posix paths relative to the root, or absolute when outside.
        Several masks are one file an instance.
    attributes: what the layout says of it, for example {"split": "train"}.
    """

    key: str
    image: str
    masks: tuple[str, ...]
    instances: str | None = None
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """What a reader found.

    duplicates: sentences such as "images/a.png and images/a.jpg"; none of these is paired.
    passed_over: files that belong to pairs but are not read, such as further channels.
    class_names: names by mask value where the layout gives them.
    file_is_instance: whether each mask file holds one instance.
    """

    pairs: tuple[Pair, ...]
    lonely_images: tuple[str, ...] = ()
    lonely_masks: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()
    class_names: Mapping[int, str] | None = None
    file_is_instance: bool = False


class Reader(Protocol):
    """One layout. Implementations take no arguments and keep no state."""

    title: str
    """One line for `medsynth plugins`."""

    def find(self, listing: Listing) -> Found | None:
        """Return the pairs in the listing, sorted by key, or None if it is another layout."""
        ...


READERS: Registry[type[Reader]] = Registry("medsynth.readers", "reader")
