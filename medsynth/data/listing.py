"""Which files a data folder holds.

Links that lead out of it, and folders that medsynth wrote, are told and not read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from medsynth.core.errors import InputError
from medsynth.data.own_folders import WORDS, own_kind, refuse_own
from medsynth.io.images import IMAGE_SUFFIXES

TIP = "Give a folder with images and masks, for example DATA/images and DATA/masks."


@dataclass(frozen=True, slots=True)
class Listing:
    """The files below a root.

    root: absolute path, links resolved.
    images: files with an image suffix, relative, sorted.
    others: the other files, relative, sorted.
    not_followed: links that lead out of the root or to a folder.
    not_text: files whose names are no UTF-8, as some archives leave them; they are not read.
    written: folders that medsynth wrote, such as "runs/polyps-1 (a run)"; they are not read.
    """

    root: Path
    images: tuple[PurePosixPath, ...]
    others: tuple[PurePosixPath, ...]
    not_followed: tuple[str, ...]
    not_text: tuple[str, ...] = ()
    written: tuple[str, ...] = ()


def list_files(root: Path) -> Listing:
    """List the files below `root`; hidden files and folders are passed over.

    Raises:
        InputError: the folder is absent, a file, unreadable, or holds what a run made.
    """
    if not root.exists():
        raise InputError(f"{root} does not exist.", TIP)
    if not root.is_dir():
        raise InputError(f"{root} is a file, not a folder.", TIP)
    root = root.resolve()
    refuse_own(root)
    links: list[str] = []
    written: list[str] = []
    walked = [path.relative_to(root).as_posix() for path in _walk(root, root, links, written)]
    not_text = [name for name in walked if not is_text(name)]
    files = sorted(PurePosixPath(name) for name in walked if is_text(name))
    images = tuple(path for path in files if path.suffix.lower() in IMAGE_SUFFIXES)
    others = tuple(path for path in files if path.suffix.lower() not in IMAGE_SUFFIXES)
    return Listing(
        root, images, others, tuple(sorted(links)), tuple(sorted(not_text)), tuple(sorted(written))
    )


def is_text(name: str) -> bool:
    """Return whether a name can be written as UTF-8, so into any file and onto any screen."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _walk(folder: Path, root: Path, links: list[str], written: list[str]) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(
            f"{folder} cannot be read: {error.strerror}.", "Mend its rights."
        ) from error
    kind = own_kind(folder, [entry.name for entry in entries])
    if kind is not None and folder != root:
        written.append(f"{folder.relative_to(root).as_posix()} ({WORDS[kind]})")
        return
    for entry in entries:
        path = Path(entry.path)
        if entry.name.startswith((".", "__MACOSX")) or entry.name == "Thumbs.db":
            continue
        if entry.is_symlink() and _leads_away(path, root):
            links.append(path.relative_to(root).as_posix())
        elif entry.is_dir():
            yield from _walk(path, root, links, written)
        elif entry.is_file():
            yield path


def _leads_away(link: Path, root: Path) -> bool:
    """Return whether a link leads to a folder, out of the root, or in a circle."""
    try:
        return link.is_dir() or not link.resolve().is_relative_to(root)
    except (OSError, RuntimeError):
        return True
