"""What nnU-Net reads besides pictures: the folder's name, dataset.json, splits_final.json."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from medsynth.core.types import LabelClass
from medsynth.exporters.citation import LICENSE_NOTE, generator
from medsynth.exporters.export_set import ExportSet

BACKGROUND, IGNORE = "background", "ignore"


def folder_name(name: str, number: int) -> str:
    """Return the name of the data set's folder.

    >>> folder_name("polyps-1", 7)
    'Dataset007_polyps1'
    """
    return f"Dataset{number:03d}_{re.sub(r'[^A-Za-z0-9]+', '', name) or 'medsynth'}"


def label_names(classes: Sequence[LabelClass]) -> list[str]:
    """Return a name a class: the background's is fixed, the others unique and not reserved."""
    names = [BACKGROUND]
    for item in classes[1:]:
        taken = item.name in {*names, IGNORE}
        names.append(f"{item.name}-{item.id}" if taken else item.name)
    return names


def to_dataset(export_set: ExportSet) -> dict[str, Any]:
    """Return what dataset.json holds."""
    channels = ("R", "G", "B") if export_set.channels == 3 else ("grey",)
    return {
        "name": export_set.name,
        "description": f"{generator()}. {LICENSE_NOTE}",
        "channel_names": {str(number): name for number, name in enumerate(channels)},
        "labels": {name: number for number, name in enumerate(label_names(export_set.classes))},
        "numTraining": sum(row.split != "test" for row in export_set.rows),
        "file_ending": ".png",
        "overwrite_image_reader_writer": "NaturalImage2DIO",
    }


def to_splits(export_set: ExportSet) -> list[dict[str, list[str]]]:
    """Return what splits_final.json holds: one fold."""
    return [
        {
            split: [row.id for row in export_set.rows if row.split == split]
            for split in ("train", "val")
        }
    ]
