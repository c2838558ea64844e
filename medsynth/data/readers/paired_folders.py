"""`images/` beside `masks/`, files of the same stem; perhaps `instances/` beside them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePosixPath

from medsynth.data.listing import Listing
from medsynth.data.readers import Found
from medsynth.data.readers.matching import Named, match, named

IMAGE_FOLDERS = ("images", "image", "imgs", "img", "original", "originals", "data", "inputs")
MASK_FOLDERS = (
    "masks", "mask", "labels", "label", "gt", "ground truth", "ground_truth", "groundtruth",
    "annotations", "annotation", "segmentations", "segmentation", "targets",
)  # fmt: skip
INSTANCE_FOLDERS = ("instances", "instance", "instance_masks")
NAMES = {
    **dict.fromkeys(IMAGE_FOLDERS, "images"),
    **dict.fromkeys(MASK_FOLDERS, "masks"),
    **dict.fromkeys(INSTANCE_FOLDERS, "instances"),
}


class PairedFolders:
    """Folders of images and masks side by side, at the root or below (`train/images`, ...)."""

    title = "images/ and masks/ with files of the same stem (and instances/)"

    def find(self, listing: Listing) -> Found | None:
        """Return the pairs of every folder that holds both kinds; instance ids alone do too."""
        homes = _homes(listing)
        whole = {p: kinds for p, kinds in homes.items() if "images" in kinds and len(kinds) > 1}
        if not whole:
            return None
        files: dict[str, list[Named]] = {"images": [], "masks": [], "instances": []}
        for parent, kinds in sorted(whole.items()):
            prefix = "" if len(whole) == 1 else _prefix(parent)
            kind_of = {"masks": "instances"} if "masks" not in kinds else {}
            for kind in files:
                source = kind_of.get(kind, kind)
                if kind == "instances" and kind_of:
                    continue
                for folder, paths in sorted(kinds.get(source, {}).items()):
                    files[kind] += named(paths, folder, prefix)
        found = match(files["images"], files["masks"], files["instances"])
        return found if found.pairs else None


def _prefix(parent: PurePosixPath) -> str:
    return "" if parent == PurePosixPath() else parent.as_posix() + "/"


Kinds = dict[str, dict[PurePosixPath, list[PurePosixPath]]]


def _homes(listing: Listing) -> dict[PurePosixPath, Kinds]:
    """Return parent -> kind -> folder of that kind -> files below it.

    The outermost folder of a kind counts, but not `data/` that holds images/ and masks/ itself.
    """
    below: dict[PurePosixPath, set[str]] = defaultdict(set)
    for path in listing.images:
        named_ones = list(_of_a_kind(path))
        for k, (folder, _) in enumerate(named_ones):
            below[folder] |= {kind for _, kind in named_ones[k + 1 :]}
    homes: dict[PurePosixPath, Kinds] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for path in listing.images:
        for folder, kind in _of_a_kind(path):
            if len(below[folder]) < 2:
                homes[folder.parent][kind][folder].append(path)
                break
    return homes


def _of_a_kind(path: PurePosixPath) -> Iterator[tuple[PurePosixPath, str]]:
    """Yield the folders above a file whose names tell a kind, the outermost first, and the kind."""
    for depth, part in enumerate(path.parts[:-1], 1):
        if kind := NAMES.get(part.lower()):
            yield PurePosixPath(*path.parts[:depth]), kind
