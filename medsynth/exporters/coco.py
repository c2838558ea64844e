"""COCO instances: `annotations/instances_<split>.json` and `<split>/<id>.png`.

Sources: the format page of cocodataset.org and pycocotools, which reads it back in the tests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from medsynth.core.options import Options
from medsynth.core.types import LabelClass, Sample, Split
from medsynth.exporters import polygon, rle
from medsynth.exporters.citation import LICENSE_NOTE, generator
from medsynth.exporters.components import Part, parts
from medsynth.exporters.exporter import ExportResult, ExportSet, Report
from medsynth.exporters.json_lists import json_lists
from medsynth.io.images import encode_png


class CocoOptions(Options):
    """Options of the format coco."""

    segmentation: Literal["rle", "polygon"] = "rle"
    """coco: rle is short; polygon follows the pixels' edges, for tools that read only polygons."""

    min_area_px: int = Field(default=1, ge=1)
    """coco: smaller objects are left out, and how many is said."""


@dataclass(slots=True)
class Tally:
    """What converting did to the objects."""

    objects: int = 0
    dropped: int = 0
    dropped_px: int = 0
    from_components: int = 0
    ious: list[float] = field(default_factory=list)

    def notes(self, options: CocoOptions) -> list[str]:
        """Return it in sentences for the user."""
        notes = [f"{self.objects} objects."]
        if self.from_components:
            notes.append(
                f"{self.from_components} of them are 8-connected components of one class, "
                "since their masks hold no instances: touching objects are one."
            )
        if self.dropped:
            notes.append(
                f"{self.dropped} objects under {options.min_area_px} px were left out "
                f"({self.dropped_px} px in all)."
            )
        if self.ious:
            notes.append(
                f"Polygons read back with IoU {np.mean(self.ious):.4f} on average, "
                f"{min(self.ious):.4f} at worst."
            )
        return notes


class Coco:
    """Writes COCO instances; RLE and polygons both keep every pixel."""

    summary: ClassVar[str] = "COCO instances: a JSON a split, one object an annotation"
    options: ClassVar[type[Options]] = CocoOptions

    def check(self, export_set: ExportSet, options: CocoOptions) -> list[str]:  # noqa: ARG002
        """Say what COCO does not hold."""
        notes = []
        if options.segmentation == "rle":
            notes.append(
                "Segmentations are RLE with iscrowd 0; in Detectron2 set "
                "INPUT.MASK_FORMAT=bitmask. "
                "For tools that read only polygons: export.segmentation=polygon."
            )
        if options.min_area_px > 1:
            notes.append(
                "Objects under export.min_area_px are background for whoever reads the JSON, "
                "though the images still show them."
            )
        return notes

    def write(
        self, export_set: ExportSet, out: Path, options: CocoOptions, report: Report
    ) -> ExportResult:
        """Write images and one JSON a split, sample by sample."""
        tally = Tally()
        done = 0
        for split in export_set.splits():
            (out / split).mkdir()
            path = out / "annotations" / f"instances_{split}.json"
            with json_lists(path, head(export_set, split), ("images", "annotations")) as lists:
                samples = export_set.samples(split)
                for sample, image, annotations in to_coco(samples, options, tally):
                    (out / split / image["file_name"]).write_bytes(encode_png(sample.image))
                    lists["images"].append(image)
                    for annotation in annotations:
                        lists["annotations"].append(annotation)
                    done += 1
                    report(done, len(export_set), sample.id)
        return ExportResult(export_set.counts(), tuple(tally.notes(options)))

    def how_to_load(self, export_set: ExportSet, out: Path) -> str:
        """Return the line for pycocotools."""
        split = (export_set.splits() or ("train",))[0]
        path = out / "annotations" / f"instances_{split}.json"
        load = f'coco = COCO("{path.as_posix()}")'
        return f'from pycocotools.coco import COCO; {load}  # pip install "medsynth[coco]"'


def head(export_set: ExportSet, split: Split) -> dict[str, Any]:
    """Return what stands before the lists: info, licenses (none is invented), categories."""
    return {
        "info": {
            "description": f"{export_set.name}, {split}: images and masks. {LICENSE_NOTE}",
            "version": "1.0",
            "contributor": generator(),
        },
        "licenses": [],
        "categories": categories(export_set.classes),
    }


def categories(classes: Iterable[LabelClass]) -> list[dict[str, Any]]:
    """Return one category a class but the background; ids are the class ids."""
    return [
        {"id": int(item.id), "name": item.name, "supercategory": "object"}
        for item in classes
        if item.id
    ]


def to_coco(
    samples: Iterable[Sample], options: CocoOptions, tally: Tally
) -> Iterator[tuple[Sample, dict[str, Any], list[dict[str, Any]]]]:
    """Yield each sample with its image entry and its annotations; ids count from 1.

    `origin` and `group` in an image entry are additions of ours; readers skip unknown keys.
    """
    annotation_id = 0
    for image_id, sample in enumerate(samples, start=1):
        annotations = []
        for part in _kept(sample, options, tally):
            annotation_id += 1
            segmentation = _segmentation(part, sample.mask.hw, options, tally)
            annotations.append(_annotation(annotation_id, image_id, part, segmentation))
        height, width = sample.mask.hw
        image = {
            "id": image_id,
            "width": width,
            "height": height,
            "file_name": f"{sample.id}.png",
            "origin": sample.origin,
            "group": sample.group,
        }
        yield sample, image, annotations


def _kept(sample: Sample, options: CocoOptions, tally: Tally) -> Iterator[Part]:
    """Yield the objects that are large enough, and count both kinds."""
    for part in parts(sample.mask):
        if part.area_px < options.min_area_px:
            tally.dropped += 1
            tally.dropped_px += part.area_px
            continue
        tally.objects += 1
        tally.from_components += sample.mask.instances is None
        yield part


def _segmentation(part: Part, hw: tuple[int, int], options: CocoOptions, tally: Tally) -> Any:
    if options.segmentation == "rle":
        return rle.encode(part, hw)
    top, left, _, _ = part.box
    rings = polygon.polygons(part.pixels, (left, top))
    tally.ious.append(round_trip_iou(part, rings))
    return rings


def _annotation(number: int, image_id: int, part: Part, segmentation: Any) -> dict[str, Any]:
    top, left, height, width = part.box
    return {
        "id": number,
        "image_id": image_id,
        "category_id": part.class_id,
        "segmentation": segmentation,
        "area": part.area_px,
        "bbox": [left, top, width, height],
        "iscrowd": 0,
    }


def round_trip_iou(part: Part, rings: list[list[int]]) -> float:
    """Return the IoU of an object and what its polygons in mask coordinates cover."""
    top, left, height, width = part.box
    covered = np.zeros((height, width), dtype=bool)
    for ring in rings:
        moved = [v - (top if i % 2 else left) for i, v in enumerate(ring)]
        covered |= polygon.rasterize(moved, (height, width))
    both, either = covered & part.pixels, covered | part.pixels
    return float(np.count_nonzero(both) / np.count_nonzero(either))
