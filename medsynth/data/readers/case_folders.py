"""A folder a case with one mask file an object, as the Data Science Bowl 2018 came:
`<case>/images/<case>.png`, `<case>/masks/*.png`.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import PurePosixPath

from medsynth.data.listing import Listing
from medsynth.data.readers import Found, Pair
from medsynth.data.readers.matching import split_of
from medsynth.data.readers.paired_folders import NAMES

Case = dict[str, list[PurePosixPath]]


class CaseFolders:
    """Every case has one image and any number of mask files, each with one object."""

    title = "a folder a case: case/images/case.png with case/masks/*.png, one file an object"

    def find(self, listing: Listing) -> Found | None:
        """Return a pair a case folder; a case with several images is not a case."""
        cases: dict[PurePosixPath, Case] = defaultdict(lambda: defaultdict(list))
        for path in listing.images:
            if len(path.parts) > 2 and (kind := NAMES.get(path.parts[-2].lower())):
                cases[path.parent.parent][kind].append(path)
        if not any(len(case["images"]) == 1 and case["masks"] for case in cases.values()):
            return None
        single = {folder: case for folder, case in cases.items() if len(case["images"]) == 1}
        base = _common(list(single))
        pairs = []
        for folder, case in sorted(single.items()):
            if case["masks"]:
                key = folder.relative_to(base).as_posix()
                pairs.append(
                    Pair(
                        key,
                        case["images"][0].as_posix(),
                        tuple(path.as_posix() for path in sorted(case["masks"])),
                        attributes=split_of(key),
                    )
                )
        many = [path for case in cases.values() if len(case["images"]) != 1
                for path in case["masks"]]  # fmt: skip
        return Found(
            tuple(pairs),
            tuple(c["images"][0].as_posix() for c in single.values() if not c["masks"])
            + tuple(p.as_posix() for c in cases.values() if len(c["images"]) > 1
                    for p in c["images"]),
            tuple(path.as_posix() for path in many),
            file_is_instance=any(len(pair.masks) > 1 for pair in pairs),
        )  # fmt: skip


def _common(folders: list[PurePosixPath]) -> PurePosixPath:
    parts = []
    for level in zip(*(folder.parts[:-1] for folder in folders), strict=False):
        if len(set(level)) > 1:
            break
        parts.append(level[0])
    return PurePosixPath(*parts)
