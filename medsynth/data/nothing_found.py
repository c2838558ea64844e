"""A folder without a picture of its own: what there is instead, and a way that works."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from shlex import quote

from medsynth.core.errors import InputError, listed, visible
from medsynth.core.words import counted
from medsynth.data.listing import TIP, Listing
from medsynth.data.own_folders import READ_BACK, export_at
from medsynth.data.readers.paired_folders import NAMES
from medsynth.io.images import IMAGE_SUFFIXES

NOT_FOLLOWED = "are not followed, so that no file from elsewhere gets in unseen"


def no_picture(listing: Listing) -> InputError:
    """Return the error that a folder holds nothing to read."""
    root, others = listing.root, len(listing.others)
    tip = f"{TIP} Read are: {' '.join(IMAGE_SUFFIXES)}."
    if export_at(root) is not None:
        tip = read_back_tip()
    said = [f"{root} holds {counted(others, 'file')}, but no picture."] if others else []
    if listing.not_followed:
        links = counted(len(listing.not_followed), "link")
        said.append(
            f"{root} holds {links} ({_shown(listing.not_followed)}) that lead out of it or to a "
            f"folder; such links {NOT_FOLLOWED}."
        )
        tip = link_tip(listing)
    if listing.written:
        folders = counted(len(listing.written), "folder")
        said.append(
            f"{root} holds {folders} written by medsynth, not read as data: "
            f"{_shown(listing.written)}."
        )
        tip = tip if listing.not_followed else f"Give an export itself as DATA, or your data. {TIP}"
    return InputError(" ".join(said) or f"{root} is empty.", tip)


def link_tip(listing: Listing) -> str:
    """Return how to read what the links of a folder lead to."""
    folders: dict[str, Path] = {}
    for name in listing.not_followed:
        link = listing.root / name
        kind = NAMES.get(link.name.lower())
        if kind is not None and link.is_dir():
            folders.setdefault(kind, link.resolve())
    if {"images", "masks"} <= folders.keys():
        told = (f"--set {quote(f'data.{kind}={folders[kind]}')}" for kind in ("images", "masks"))
        return f"Name the folders that they lead to: {' '.join(told)}"
    copy = listing.root.with_name(f"{listing.root.name}-copy")
    return (
        "Give the folder that they lead to as DATA; or copy this one with what they lead to: "
        f"cp -rL {quote(str(listing.root))} {quote(str(copy))}"
    )


def read_back_tip() -> str:
    """Return which exports can be read again."""
    return (
        f"Of medsynth's exports, {READ_BACK} can be read again with the origin of each pair: "
        "medsynth export --format folder --run RUN"
    )


def _shown(names: Iterable[str]) -> str:
    return listed(map(visible, names), 3)
