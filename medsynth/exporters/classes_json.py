"""classes.json: what the values in masks mean, for formats without room for it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from medsynth.core.types import LabelClass
from medsynth.io.atomic import write_json

MaskValues = Literal["index", "255"]
NAME = "classes.json"


def write_classes(
    out: Path, classes: Iterable[LabelClass], mask_values: MaskValues = "index"
) -> None:
    """Write classes.json into an export."""
    write_json(out / NAME, to_classes(classes, mask_values))


def to_classes(classes: Iterable[LabelClass], mask_values: MaskValues) -> dict[str, Any]:
    """Return each class with the value it has in the masks."""
    return {
        "mask_values": mask_values,
        "classes": [
            {
                "id": item.id,
                "name": item.name,
                "value": item.id if mask_values == "index" else 255 * (item.id > 0),
            }
            for item in classes
        ],
    }
