"""Which label volume belongs to which image: medsynth's own layouts, read on volume files."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath

from medsynth.data.listing import Listing
from medsynth.data.readers import Found, Pair
from medsynth.data.readers.matching import MASK_SUFFIX
from medsynth.data.readers.nnunet import NnUnet
from medsynth.data.readers.paired_folders import PairedFolders
from medsynth.data.readers.suffix_pairs import SuffixPairs
from medsynth_medical_io.kinds import is_nifti, without_suffix

LAYOUTS = (NnUnet, PairedFolders, SuffixPairs)
ZIPPED = ".niigz"
"""Stands for .nii.gz, so that a stem ends where a picture's would."""


def volume_pairs(listing: Listing) -> Found | None:
    """Return the pairs of volumes in a folder, by names alone, None where there are none."""
    volumes = [path for path in listing.others if is_nifti(path)]
    bare = Listing(listing.root, tuple(map(_bare, volumes)), (), ())
    found = [result for layout in LAYOUTS if (result := layout().find(bare)) is not None]
    found.append(Found(tuple(_case_folders(bare.images))))
    best = max(found, key=lambda result: len(result.pairs))
    if not best.pairs:
        return None
    return Found(
        tuple(
            Pair(pair.key, _real(pair.image), tuple(map(_real, pair.masks[:1])),
                 attributes=pair.attributes)
            for pair in best.pairs
        ),
        lonely_images=tuple(map(_real, best.lonely_images)),
        lonely_masks=tuple(map(_real, best.lonely_masks)),
        duplicates=tuple(map(_real, best.duplicates)),
        passed_over=tuple(map(_real, best.passed_over)),
        class_names=best.class_names,
    )  # fmt: skip


def _case_folders(paths: tuple[PurePosixPath, ...]) -> Iterator[Pair]:
    """Yield `case/imaging` with `case/segmentation`: two volumes, one called like a mask."""
    folders: dict[PurePosixPath, list[PurePosixPath]] = defaultdict(list)
    for path in paths:
        folders[path.parent].append(path)
    for folder, held in sorted(folders.items()):
        masks = [path for path in held if MASK_SUFFIX.fullmatch("_" + path.stem)]
        images = [path for path in held if path not in masks]
        if len(images) == len(masks) == 1:
            yield Pair(folder.as_posix(), images[0].as_posix(), (masks[0].as_posix(),))


def _bare(path: PurePosixPath) -> PurePosixPath:
    zipped = path.suffix.lower() == ".gz"
    return PurePosixPath(f"{without_suffix(path)}{ZIPPED if zipped else '.nii'}")


def _real(text: str) -> str:
    return text.replace(ZIPPED, ".nii.gz")
