"""COCO instances: `annotations/instances_<split>.json` and `<split>/<id>.png`.

Sources: the format page of cocodataset.org and pycocotools, which reads it back in the tests.
"""

from __future__ import annotations

from collections.abc import Iterable
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
from medsynth.exporters.samples_csv import write_samples
from medsynth.exporters.tally import Tally
from medsynth.io.images import encode_png


class CocoOptions(Options):
    """Options of the format coco."""

    segmentation: Literal["rle", "polygon"] = "rle"
    """coco: rle is short; polygon follows the pixels' edges, for tools that read only polygons."""

    min_area_px: int = Field(default=1, ge=1)
    """coco: smaller objects are left out, and how many is said."""


class Coco:
    """Writes COCO instances; RLE and polygons both keep every pixel."""

    summary: ClassVar[str] = "COCO instances: a JSON a split, one object an annotation"
    options: ClassVar[type[Options]] = CocoOptions

    def check(self, export_set: ExportSet, options: CocoOptions) -> list[str]:
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

        def convert(sample: Sample) -> tuple[Sample, bytes, list[dict[str, Any]], Tally]:
            return sample, encode_png(sample.image), *to_coco(sample, options)

        for split in export_set.splits():
            (out / split).mkdir()
            path = out / "annotations" / f"instances_{split}.json"
            with json_lists(path, head(export_set, split), ("images", "annotations")) as lists:
                converted = export_set.converted(convert, split)
                for image_id, (sample, png, objects, counted) in enumerate(converted, start=1):
                    image = image_entry(image_id, sample)
                    (out / split / image["file_name"]).write_bytes(png)
                    lists["images"].append(image)
                    for item in objects:
                        number = lists["annotations"].count + 1
                        lists["annotations"].append({"id": number, "image_id": image_id, **item})
                    tally.add(counted)
                    done += 1
                    report(done, len(export_set), sample.id)
        write_samples(out, export_set.rows)
        return ExportResult(export_set.counts(), tuple(tally.notes(options.min_area_px)))

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


def to_coco(sample: Sample, options: CocoOptions) -> tuple[list[dict[str, Any]], Tally]:
    """Return the annotations of one image, without the ids, and what converting did."""
    tally, found = Tally(), []
    for part in parts(sample.mask):
        if part.area_px < options.min_area_px:
            tally.dropped += 1
            tally.dropped_px += part.area_px
            continue
        tally.objects += 1
        tally.from_components += sample.mask.instances is None
        found.append(_annotation(part, _segmentation(part, sample.mask.hw, options, tally)))
    return found, tally


def image_entry(image_id: int, sample: Sample) -> dict[str, Any]:
    """Return the entry of an image; `origin` and `group` are ours, readers skip them."""
    height, width = sample.mask.hw
    return {
        "id": image_id,
        "width": width,
        "height": height,
        "file_name": f"{sample.id}.png",
        "origin": sample.origin,
        "group": sample.group,
    }


def _segmentation(part: Part, hw: tuple[int, int], options: CocoOptions, tally: Tally) -> Any:
    if options.segmentation == "rle":
        return rle.encode(part, hw)
    top, left, _, _ = part.box
    rings = polygon.polygons(part.pixels, (left, top))
    tally.ious.add(round_trip_iou(part, rings))
    return rings


def _annotation(part: Part, segmentation: Any) -> dict[str, Any]:
    top, left, height, width = part.box
    return {
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
