"""nnU-Net raw data: `imagesTr/case_0000.png`, `labelsTr/case.png`, `dataset.json`.

Cases of `imagesTs` with `labelsTs` are the test split; where `splits_final.json` is there,
beside them or in `nnUNet_preprocessed`, its first fold divides the training cases into train and
val.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from operator import attrgetter
from pathlib import Path, PurePosixPath
from typing import Any

from medsynth.data.listing import Listing
from medsynth.data.readers import Found
from medsynth.data.readers.matching import Named, match
from medsynth.data.readers.repeats import first_of_each
from medsynth.io.json_text import parse_json

CHANNEL = re.compile(r"_(\d{4})$")
PARTS = (("imagestr", "labelstr"), ("imagests", "labelsts"))
"""Folders of training and of test cases, lower case."""


class NnUnet:
    """An nnU-Net data set; only channel 0000 is read, which may be an RGB file."""

    title = "nnU-Net: imagesTr/case_0000.png with labelsTr/case.png and dataset.json"

    def find(self, listing: Listing) -> Found | None:
        """Return the pairs; further channels are passed over."""
        train, test = (_part(listing.images, *folders) for folders in PARTS)
        if not train.pairs:
            return None
        home = listing.root / PurePosixPath(train.pairs[0].image).parent.parent
        splits = _splits(home) or _splits(home.parent.parent / "nnUNet_preprocessed" / home.name)
        if splits or test.pairs:
            train = _with_splits(train, {pair.key: splits.get(pair.key, "") if splits else "train"
                                         for pair in train.pairs})  # fmt: skip
        test = _with_splits(test, dict.fromkeys((pair.key for pair in test.pairs), "test"))
        pairs, twice = first_of_each((*train.pairs, *test.pairs), attrgetter("key"))
        return replace(
            train,
            pairs=tuple(sorted(pairs, key=lambda pair: pair.key)),
            lonely_images=train.lonely_images + (test.lonely_images if test.pairs else ()),
            lonely_masks=train.lonely_masks + test.lonely_masks,
            duplicates=train.duplicates + test.duplicates,
            twice=twice,
            passed_over=train.passed_over + test.passed_over,
            class_names=_labels(home / "dataset.json"),
        )


def _part(paths: Iterable[PurePosixPath], images: str, labels: str) -> Found:
    """Return the pairs of one pair of folders."""
    held: dict[str, list[PurePosixPath]] = {images: [], labels: []}
    for path in paths:
        if len(path.parts) > 1 and path.parts[-2].lower() in held:
            held[path.parts[-2].lower()].append(path)
    first = [path for path in held[images] if _channel(path) in (None, 0)]
    others = [path.as_posix() for path in held[images] if _channel(path) not in (None, 0)]
    found = match(
        [Named(CHANNEL.sub("", path.stem), path.as_posix()) for path in first],
        [Named(path.stem, path.as_posix()) for path in held[labels]],
    )
    return replace(found, passed_over=tuple(others))


def _channel(path: PurePosixPath) -> int | None:
    hit = CHANNEL.search(path.stem)
    return int(hit.group(1)) if hit else None


def _with_splits(found: Found, splits: Mapping[str, str]) -> Found:
    pairs = (replace(pair, attributes={"split": splits[pair.key]}) for pair in found.pairs)
    return replace(found, pairs=tuple(pairs))


def _splits(folder: Path) -> dict[str, str]:
    """Return case -> train or val by the first fold of splits_final.json; {} without one."""
    try:
        fold: Any = parse_json((folder / "splits_final.json").read_text(encoding="utf-8"))[0]
        return {str(case): split for split in ("train", "val") for case in fold[split]}
    except (OSError, ValueError, KeyError, IndexError, TypeError):
        return {}


def _labels(path: Path) -> dict[int, str] | None:
    """Return names by value from dataset.json; version 2 has name -> value, version 1 reverse."""
    try:
        labels: Any = parse_json(path.read_text(encoding="utf-8")).get("labels", {})
        if not isinstance(labels, dict):
            return None
        if all(str(key).isdigit() for key in labels):
            return {int(key): str(name) for key, name in labels.items()} or None
        return {int(value): str(name) for name, value in labels.items()
                if isinstance(value, int)} or None  # fmt: skip
    except (OSError, ValueError, AttributeError):
        return None
