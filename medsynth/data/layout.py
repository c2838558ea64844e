"""Which reader reads a folder: as told, or the one that finds most."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath

from medsynth.core.errors import InputError, UsageError
from medsynth.core.options import parse_options
from medsynth.core.words import counted
from medsynth.data.listing import Listing, list_files
from medsynth.data.nothing_found import no_picture, read_back_tip
from medsynth.data.options import DataOptions
from medsynth.data.own_folders import export_at
from medsynth.data.problems import raise_errors
from medsynth.data.readers import READERS, Found, FrameReader, Reader
from medsynth.data.readers.matching import match, named

TOLD = "told-folders"
"""Stands for a reader's name where data.images and data.masks say it all."""
TIP = (
    "Lay the files out as images/ and masks/ with equal stems, or name the folders: "
    "--set data.images=DIR --set data.masks=DIR"
)


def find_pairs(listing: Listing, options: DataOptions) -> tuple[str, Found]:
    """Return the reader's name and what it found.

    Raises:
        InputError: no reader finds a pair, or a told folder is absent or empty.
        UsageError: unknown reader, a wrong option of one, or only one of images and masks
            is told.
    """
    if options.images is not None or options.masks is not None:
        return TOLD, _told(listing.root, options)
    if not listing.images and not listing.others and not listing.not_text:
        raise no_picture(listing)
    names = [options.reader] if options.reader is not None else READERS.names()
    looked = {name: _reader(name, options).find(listing) for name in names}
    found = {name: result for name, result in looked.items() if result is not None and result.pairs}
    if not found:
        told = [problem for result in looked.values() if result for problem in result.problems]
        raise_errors(str(listing.root), told)
        raise _nothing(listing, options)
    best = min(found, key=lambda name: (_rank(found[name]), _reads_frames(name), name))
    return best, found[best]


def _reader(name: str, options: DataOptions) -> Reader:
    """Return the reader, with its own options where it has any."""
    cls: Callable[..., Reader] = READERS.get(name)
    model = getattr(cls, "options", None)
    own = options.plugin.get(name, {})
    if model is None:
        if own:
            raise UsageError(f"data.plugin.{name}: the reader '{name}' has no options.")
        return cls()
    return cls(parse_options(model, own, f"data.plugin.{name}"))


def _rank(found: Found) -> tuple[int, int]:
    return -len(found.pairs), _left_over(found)


def _reads_frames(name: str) -> bool:
    return issubclass(READERS.get(name), FrameReader)


def _left_over(found: Found) -> int:
    return len(found.lonely_images) + len(found.lonely_masks) + len(found.duplicates)


def _told(root: Path, options: DataOptions) -> Found:
    if options.images is None or options.masks is None:
        raise UsageError("data.images and data.masks belong together: give both, or none.")
    files = []
    for option, told in (("images", options.images), ("masks", options.masks)):
        folder = (root / told).resolve()
        if not folder.is_dir():
            raise InputError(
                f"data.{option}={told}: {folder} is no folder.", "Mend the path; it is "
                "relative to DATA, or absolute.",
            )  # fmt: skip
        held = list_files(folder)
        if not held.images:
            raise no_picture(held)
        paths = [_from_root(root, folder / path) for path in held.images]
        files.append(named(paths, _from_root(root, folder)))
    found = match(*files)
    if not found.pairs:
        raise InputError(
            f"no file in data.images={options.images} has a partner in data.masks={options.masks} "
            f"({counted(len(files[0]), 'image')}, {counted(len(files[1]), 'mask')}).",
            "A mask has its image's stem, perhaps followed by _mask, _segmentation, _gt, _label.",
        )
    return found


def _from_root(root: Path, path: Path) -> PurePosixPath:
    path = path if not path.is_relative_to(root) else path.relative_to(root)
    return PurePosixPath(path.as_posix())


def _nothing(listing: Listing, options: DataOptions) -> InputError:
    if not listing.images:
        return no_picture(listing)
    shown = ", ".join(str(path) for path in listing.images[:3])
    how = f"the reader '{options.reader}' finds " if options.reader else ""
    return InputError(
        f"{listing.root} holds {counted(len(listing.images), 'picture')} ({shown}, ...), but "
        f"{how}no image with a mask.",
        TIP if export_at(listing.root) is None else read_back_tip(),
    )
