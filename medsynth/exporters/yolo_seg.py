"""YOLO segmentation: `images/<split>/<id>.png` and `labels/<split>/<id>.txt`, a row an object.

A row is `class x1 y1 x2 y2 ...`, x in widths and y in heights of the image; classes count
from 0 without the background. Source: the parser of Ultralytics (data/utils.py), which reads
it back in `tests/readers/check_foreign_readers.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from medsynth.core.options import Options
from medsynth.core.types import Sample
from medsynth.exporters.components import Part, parts
from medsynth.exporters.exporter import ExportResult, ExportSet, Report
from medsynth.exporters.files import Files, write_files
from medsynth.exporters.lost import refuse_gaps
from medsynth.exporters.samples_csv import write_samples
from medsynth.exporters.single_outline import Points, single_outline
from medsynth.exporters.tally import Tally
from medsynth.exporters.yolo_reading import filled, read_row
from medsynth.exporters.yolo_yaml import NAME, missing_splits, write_yaml
from medsynth.io.images import encode_png

DIGITS = 8


class YoloSeg:
    """Writes YOLO instance segmentation; holes and pieces are joined by lines."""

    summary: ClassVar[str] = "YOLO instance segmentation (Ultralytics): an outline an object"
    options: ClassVar[type[Options]] = Options

    def check(self, export_set: ExportSet, options: Options) -> list[str]:
        """Say what training would miss; what becomes of objects is counted in writing.

        Raises:
            InputError: class ids have gaps.
        """
        refuse_gaps(export_set)
        return missing_splits(export_set)

    def write(
        self,
        export_set: ExportSet,
        out: Path,
        options: Options,
        report: Report,
    ) -> ExportResult:
        """Write images and rows sample by sample, then data.yaml."""
        tally = Tally()

        def counted() -> Iterator[Files]:
            for files, what in export_set.converted(to_files):
                tally.add(what)
                yield files

        write_files(export_set, counted(), out, report)
        write_samples(out, export_set.rows)
        write_yaml(out, export_set, [item.name for item in export_set.classes if item.id])
        return ExportResult(export_set.counts(), tuple(tally.notes()))

    def how_to_load(self, export_set: ExportSet, out: Path) -> str:
        """Return the line for Ultralytics."""
        data = (out / NAME).as_posix()
        return (
            f'from ultralytics import YOLO; YOLO("yolo11n-seg.yaml").train(data="{data}")'
            "  # pip install ultralytics (AGPL)"
        )


def to_files(sample: Sample) -> tuple[Files, Tally]:
    """Return image and rows of one sample, and what converting did."""
    rows, tally = to_rows(sample)
    files = {
        f"images/{sample.split}/{sample.id}.png": encode_png(sample.image),
        f"labels/{sample.split}/{sample.id}.txt": "".join(rows).encode(),
    }
    return files, tally


def to_rows(sample: Sample) -> tuple[list[str], Tally]:
    """Return a line of text for each object, and what converting did."""
    tally, rows, hw = Tally(), [], sample.mask.hw
    objects = list(parts(sample.mask))
    for part in objects:
        tally.objects += 1
        tally.from_components += sample.mask.instances is None
        points, holes, pieces = single_outline(part.pixels)
        tally.bridged_holes += holes > 0
        tally.bridged_parts += pieces > 1
        rows.append(to_row(part, points, hw))
    read = filled([read_row(row)[1] for row in rows], hw)
    for part, pixels in zip(objects, read, strict=True):
        tally.ious.add(_iou(part, pixels))
    return rows, tally


def to_row(part: Part, points: Points, hw: tuple[int, int]) -> str:
    """Return the row of an object, whose outline is given in pixels of its box."""
    top, left, _, _ = part.box
    shares = (points + np.array([left, top])) / (hw[1], hw[0])
    numbers = " ".join(f"{value:.{DIGITS}f}" for value in shares.ravel().tolist())
    return f"{part.class_id - 1} {numbers}\n"


def _iou(part: Part, read: NDArray[np.bool_]) -> float:
    top, left, height, width = part.box
    inside = read[top : top + height, left : left + width]
    shared = int(np.count_nonzero(inside & part.pixels))
    return shared / (int(np.count_nonzero(read)) + part.area_px - shared)
