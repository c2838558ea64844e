"""COCO panoptic: `annotations/panoptic_<split>.json` and PNGs whose colours are segment ids.

Source: the format page of cocodataset.org. A segment's id is R + 256 G + 256^2 B; 0 is void.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from medsynth.core.options import Options
from medsynth.core.types import Sample
from medsynth.exporters.coco import head, image_entry
from medsynth.exporters.components import Part, classwise, parts
from medsynth.exporters.exporter import ExportResult, ExportSet, Report
from medsynth.exporters.json_lists import json_lists
from medsynth.exporters.samples_csv import write_samples
from medsynth.io.images import encode_png


class CocoPanoptic:
    """Writes COCO panoptic: instances are things, and classes without instances are stuff."""

    summary: ClassVar[str] = "COCO panoptic: a JSON a split, segment ids as colours in PNGs"
    options: ClassVar[type[Options]] = Options

    def check(self, export_set: ExportSet, options: Options) -> list[str]:
        """Say what is a segment."""
        rule = (
            "an instance is a segment; where a mask has no instances, an 8-connected component"
            if export_set.has_instances
            else "a class is one segment an image (isthing 0), since there are no instances"
        )
        return [f"Background is void (id 0); {rule}."]

    def write(
        self,
        export_set: ExportSet,
        out: Path,
        options: Options,
        report: Report,
    ) -> ExportResult:
        """Write images, segment PNGs and one JSON a split, sample by sample."""
        things = export_set.has_instances
        done = 0

        def convert(sample: Sample) -> tuple[Sample, bytes, bytes, list[dict[str, Any]]]:
            segments = to_segments(sample, things=things)
            picture = encode_png(to_colours(segments, sample.mask.hw))
            infos = [info(number, part) for number, part in enumerate(segments, start=1)]
            return sample, encode_png(sample.image), picture, infos

        for split in export_set.splits():
            folder = out / "annotations" / f"panoptic_{split}"
            folder.mkdir(parents=True)
            (out / split).mkdir()
            start = head(export_set, split)
            for category in start["categories"]:
                category["isthing"] = int(things)
            with json_lists(folder.with_suffix(".json"), start, ("images", "annotations")) as lists:
                converted = export_set.converted(convert, split)
                for image_id, (sample, image, picture, infos) in enumerate(converted, start=1):
                    name = f"{sample.id}.png"
                    (out / split / name).write_bytes(image)
                    (folder / name).write_bytes(picture)
                    lists["images"].append(image_entry(image_id, sample))
                    lists["annotations"].append(
                        {"image_id": image_id, "file_name": name, "segments_info": infos}
                    )
                    done += 1
                    report(done, len(export_set), sample.id)
        write_samples(out, export_set.rows)
        return ExportResult(export_set.counts())

    def how_to_load(self, export_set: ExportSet, out: Path) -> str:
        """Return the lines for pycocotools' JSON and a picture of ids."""
        split = (export_set.splits() or ("train",))[0]
        return (
            f'import json; found = json.load(open("{out.as_posix()}/annotations/'
            f'panoptic_{split}.json"))  # ids: R + 256 * G + 65536 * B of panoptic_{split}/*.png'
        )


def to_segments(sample: Sample, *, things: bool) -> list[Part]:
    """Return the segments of one image; the id of a segment is its place, from 1."""
    return list(parts(sample.mask) if things else classwise(sample.mask.labels))


def to_colours(segments: list[Part], hw: tuple[int, int]) -> NDArray[np.uint8]:
    """Return (H, W, 3) uint8: the ids of the segments, lowest byte first; 0 is void."""
    ids = np.zeros(hw, dtype=np.uint32)
    for number, part in enumerate(segments, start=1):
        top, left, height, width = part.box
        ids[top : top + height, left : left + width][part.pixels] = number
    return np.stack([ids & 255, ids >> 8 & 255, ids >> 16 & 255], axis=-1).astype(np.uint8)


def info(number: int, part: Part) -> dict[str, Any]:
    """Return the entry of one segment."""
    top, left, height, width = part.box
    return {
        "id": number,
        "category_id": part.class_id,
        "area": part.area_px,
        "bbox": [left, top, width, height],
        "iscrowd": 0,
    }
