"""data.yaml: what Ultralytics reads first.

It holds no `path`: without one the folder of the file itself is taken, so that an export can
be moved. `train` and `val` must both be there.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from medsynth.exporters.export_set import ExportSet

NAME = "data.yaml"


def write_yaml(out: Path, export_set: ExportSet, names: Sequence[str], **more: Any) -> None:
    """Write data.yaml into an export.

    Args:
        out: the export.
        export_set: gives splits and channels.
        names: of the classes, from 0.
        more: further keys.
    """
    folders: dict[str, Any] = {split: f"images/{split}" for split in export_set.splits()}
    head: dict[str, Any] = {"train": None, "val": None, **folders, **more}
    text = yaml.safe_dump(
        {**head, "channels": export_set.channels, "names": dict(enumerate(names))},
        sort_keys=False,
        allow_unicode=True,
    )
    (out / NAME).write_text(text, encoding="utf-8", newline="\n")


def missing_splits(export_set: ExportSet) -> list[str]:
    """Say that Ultralytics cannot train without train or val."""
    missing = [split for split in ("train", "val") if split not in export_set.splits()]
    return [
        f"There is no {split} split, and Ultralytics trains only with one: put a folder of yours "
        f"into {NAME}."
        for split in missing
    ]
