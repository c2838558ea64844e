"""nnU-Net raw data: `imagesTr/case_0000.png`, `labelsTr/case.png`, `dataset.json`."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

from medsynth.data.listing import Listing
from medsynth.data.readers import Found
from medsynth.data.readers.matching import Named, match

CHANNEL = re.compile(r"_(\d{4})$")
FOLDERS = {"imagestr": "images", "labelstr": "labels"}


class NnUnet:
    """The training part of an nnU-Net data set; only channel 0000 is read."""

    title = "nnU-Net: imagesTr/case_0000.png with labelsTr/case.png and dataset.json"

    def find(self, listing: Listing) -> Found | None:
        """Return the pairs; further channels are passed over."""
        files: dict[str, list[PurePosixPath]] = {"images": [], "labels": []}
        for path in listing.images:
            kind = FOLDERS.get(path.parts[-2].lower()) if len(path.parts) > 1 else None
            if kind is not None:
                files[kind].append(path)
        if not files["images"] or not files["labels"]:
            return None
        first = [path for path in files["images"] if _channel(path) in (None, 0)]
        others = [path for path in files["images"] if _channel(path) not in (None, 0)]
        found = match(
            [Named(CHANNEL.sub("", path.stem), path.as_posix()) for path in first],
            [Named(path.stem, path.as_posix()) for path in files["labels"]],
        )
        if not found.pairs:
            return None
        names = _labels(listing.root / files["labels"][0].parent.parent / "dataset.json")
        return replace(
            found, passed_over=tuple(path.as_posix() for path in others), class_names=names
        )


def _channel(path: PurePosixPath) -> int | None:
    hit = CHANNEL.search(path.stem)
    return int(hit.group(1)) if hit else None


def _labels(path: Path) -> dict[int, str] | None:
    """Return names by value from dataset.json; version 2 has name -> value, version 1 reverse."""
    try:
        labels: Any = json.loads(path.read_text(encoding="utf-8")).get("labels", {})
        if not isinstance(labels, dict):
            return None
        if all(str(key).isdigit() for key in labels):
            return {int(key): str(name) for key, name in labels.items()} or None
        return {int(value): str(name) for name, value in labels.items()
                if isinstance(value, int)} or None  # fmt: skip
    except (OSError, ValueError, AttributeError):
        return None
