"""DATASHEET.md and datasheet.json: what somebody must know who uses an export.

After Gebru et al., Datasheets for Datasets (2021): what is in it, how it was made, from what,
how good it is as far as measured, what is not known of it. No times and no names of machines:
the same run exports the same bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from medsynth.core.words import counted
from medsynth.exporters.citation import LICENSE_NOTE, citations, generator
from medsynth.exporters.datasheet_words import in_words
from medsynth.exporters.export_set import ExportSet
from medsynth.exporters.exporter import ExportResult
from medsynth.exporters.shown_classes import ShownClasses
from medsynth.io.atomic import write_json, write_text

NAMES = ("DATASHEET.md", "datasheet.json")
FEW_PAIRS = 50

LIMITS = (
    "The synthetic images show what a model has learned from the training pairs: what these lack, "
    "the synthetic ones lack too, and what is rare in them may be drawn wrongly.",
    "Synthetic masks are altered real masks; no person has drawn or checked them.",
    "There is no formal guarantee of privacy: a synthetic image may resemble a training image.",
    "Not for diagnosis. Whether a segmenter gains from it must be measured on real images that "
    "were held out.",
)


def to_datasheet(
    format_name: str, export_set: ExportSet, result: ExportResult, shown: ShownClasses
) -> dict[str, Any]:
    """Return what datasheet.json holds.

    Args:
        format_name: of the export.
        export_set: what was exported; its `facts` tell of the run.
        result: what writing it came to.
        shown: what its masks show.
    """
    facts = dict(export_set.facts)
    return {
        "name": export_set.name,
        "format": format_name,
        "generator": generator(),
        "counts": result.counts,
        "classes": shown.counts(export_set),
        "images": {
            "channels": export_set.channels,
            "size_hw": None if export_set.hw is None else list(export_set.hw),
            "instances": export_set.has_instances,
        },
        **facts,
        "notes": list(result.notes),
        "limits": limits(export_set),
        "license_note": LICENSE_NOTE,
        "cite": citations(),
    }


def limits(export_set: ExportSet) -> list[str]:
    """Return what is known to be wrong or unknown, in sentences."""
    if not any(row.origin == "synthetic" for row in export_set.rows):
        return []
    found = list(LIMITS)
    train = sum(row.split == "train" for row in export_set.real)
    if 0 < train < FEW_PAIRS:
        found.append(f"The model was fitted on {counted(train, 'pair')}; that is few.")
    settings = len(export_set.facts.get("sampling") or ())
    if settings > 1:
        found.append(
            f"The run's samples were made by {settings} different settings of the sampler: see "
            "Sampling."
        )
    if all(row.quality is None for row in export_set.rows if row.origin == "synthetic"):
        found.append(
            "No gate has compared the samples with held-out real images: nobody knows how "
            "faithfully each image shows its mask."
        )
    if not export_set.facts.get("evaluation"):
        found.append("The run has not been evaluated: quality and diversity are not measured.")
    return found


def write_datasheet(folder: Path, sheet: dict[str, Any]) -> None:
    """Write both files into a folder."""
    write_text(folder / NAMES[0], in_words(sheet))
    write_json(folder / NAMES[1], sheet)
