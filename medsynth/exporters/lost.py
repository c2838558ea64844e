"""Sentences for what several formats cannot hold."""

from __future__ import annotations

from medsynth.core.errors import InputError
from medsynth.exporters.export_set import ExportSet


def lost_instances(export_set: ExportSet) -> list[str]:
    """Say that instance ids are not written, where the set has them."""
    if not export_set.has_instances:
        return []
    return [
        "Instance ids are not kept: touching objects of one class are one. "
        "Formats that keep them: coco, coco-panoptic, folder, hdf5, huggingface, monai, "
        "webdataset."
    ]


def refuse_gaps(export_set: ExportSet) -> None:
    """Refuse class ids that are not 0, 1, 2, ..., for formats in which a class is its place.

    Raises:
        InputError: an id is missing in between.
    """
    ids = [item.id for item in export_set.classes]
    if ids != list(range(len(ids))):
        raise InputError(
            f"this format needs the class ids 0 to {len(ids) - 1}, but the set has "
            f"{', '.join(map(str, ids))}.",
            "Number the classes without gaps.",
        )
