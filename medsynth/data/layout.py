"""Which reader reads a folder: as told, or the one that finds most."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from medsynth.core.errors import InputError, UsageError
from medsynth.data.listing import Listing, list_files
from medsynth.data.options import DataOptions
from medsynth.data.readers import READERS, Found
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
        UsageError: unknown reader, or only one of images and masks is told.
    """
    if options.images is not None or options.masks is not None:
        return TOLD, _told(listing.root, options)
    names = [options.reader] if options.reader is not None else READERS.names()
    found = {
        name: result
        for name in names
        if (result := READERS.get(name)().find(listing)) is not None and result.pairs
    }
    if not found:
        raise _nothing(listing, options)
    best = min(found, key=lambda name: (-len(found[name].pairs), _left_over(found[name]), name))
    return best, found[best]


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
        held = list_files(folder).images
        paths = [_from_root(root, folder / path) for path in held]
        files.append(named(paths, _from_root(root, folder)))
    found = match(*files)
    if not found.pairs:
        raise InputError(
            f"no file in data.images={options.images} has a partner in data.masks={options.masks} "
            f"({len(files[0])} images, {len(files[1])} masks).",
            "A mask has its image's stem, perhaps followed by _mask, _segmentation, _gt, _label.",
        )
    return found


def _from_root(root: Path, path: Path) -> PurePosixPath:
    path = path if not path.is_relative_to(root) else path.relative_to(root)
    return PurePosixPath(path.as_posix())


def _nothing(listing: Listing, options: DataOptions) -> InputError:
    shown = ", ".join(str(path) for path in listing.images[:3])
    how = f"the reader '{options.reader}' finds" if options.reader else "there are"
    return InputError(
        f"{listing.root} holds {len(listing.images)} pictures ({shown}, ...), but {how} no "
        "image with a mask.",
        TIP,
    )
