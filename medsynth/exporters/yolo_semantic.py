"""YOLO semantic segmentation: `images/<split>/<id>.png` and `masks/<split>/<id>.png`.

Masks are PNGs of class ids with the background as class 0; 255 would be ignored. Source:
`SemanticDataset` of Ultralytics, which reads it back in
`tests/readers/check_foreign_readers.py`; older versions know no semantic sets.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from medsynth.core.options import Options
from medsynth.core.types import Sample
from medsynth.exporters.exporter import ExportResult, ExportSet, Report
from medsynth.exporters.files import Files, write_files
from medsynth.exporters.lost import lost_instances, refuse_gaps
from medsynth.exporters.samples_csv import write_samples
from medsynth.exporters.yolo_yaml import NAME, missing_splits, write_yaml
from medsynth.io.images import encode_png


class YoloSemantic:
    """Writes YOLO semantic segmentation; every pixel is kept."""

    summary: ClassVar[str] = "YOLO semantic segmentation (Ultralytics 8.4): masks as PNGs"
    options: ClassVar[type[Options]] = Options

    def check(self, export_set: ExportSet, options: Options) -> list[str]:
        """Say what is lost.

        Raises:
            InputError: class ids have gaps.
        """
        refuse_gaps(export_set)
        return [*lost_instances(export_set), *missing_splits(export_set)]

    def write(
        self,
        export_set: ExportSet,
        out: Path,
        options: Options,
        report: Report,
    ) -> ExportResult:
        """Write images and masks sample by sample, then data.yaml."""
        write_files(export_set, export_set.converted(to_files), out, report)
        write_samples(out, export_set.rows)
        names = [item.name for item in export_set.classes]
        write_yaml(out, export_set, names, masks_dir="masks")
        return ExportResult(export_set.counts())

    def how_to_load(self, export_set: ExportSet, out: Path) -> str:
        """Return the line for Ultralytics."""
        data = (out / NAME).as_posix()
        return (
            f'from ultralytics import YOLO; YOLO("yolo26n-sem.yaml").train(data="{data}")'
            "  # pip install ultralytics (AGPL)"
        )


def to_files(sample: Sample) -> Files:
    """Return image and mask of one sample."""
    return {
        f"images/{sample.split}/{sample.id}.png": encode_png(sample.image),
        f"masks/{sample.split}/{sample.id}.png": encode_png(sample.mask.labels),
    }
