"""`images/` beside `masks/`, files of the same stem; perhaps `instances/` beside them."""

from __future__ import annotations

from collections import defaultdict
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
    """Return parent -> kind -> folder of that kind -> files below it."""
    homes: dict[PurePosixPath, Kinds] = defaultdict(lambda: defaultdict(lambda: defaultdict(list)))
    for path in listing.images:
        for depth, part in enumerate(path.parts[:-1]):
            kind = NAMES.get(part.lower())
            if kind is not None:
                folder = PurePosixPath(*path.parts[: depth + 1])
                homes[folder.parent][kind][folder].append(path)
                break
    return homes
