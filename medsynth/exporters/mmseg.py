"""mmsegmentation: `img_dir/<split>`, `ann_dir/<split>` and a config of the data set.

Source: `BaseSegDataset` of mmsegmentation 1.x. Not read back by mmsegmentation itself, which
does not install here; tests execute the config and look up what it points to.
"""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from medsynth.core.options import Options
from medsynth.core.types import Sample
from medsynth.exporters.exporter import ExportResult, ExportSet, Report
from medsynth.exporters.files import Files, write_files
from medsynth.exporters.lost import lost_instances, refuse_gaps
from medsynth.exporters.mmseg_config import NAME, to_config
from medsynth.exporters.names import WITHOUT_DOTS, NameRule
from medsynth.exporters.samples_csv import write_samples
from medsynth.io.images import encode_png


class MmSeg:
    """Writes images, masks of class ids, and `dataset.py`."""

    summary: ClassVar[str] = "mmsegmentation: img_dir, ann_dir, and a config with the classes"
    options: ClassVar[type[Options]] = Options
    name_rule: ClassVar[NameRule] = WITHOUT_DOTS

    def check(self, export_set: ExportSet, options: Options) -> list[str]:
        """Say what is lost.

        Raises:
            InputError: class ids have gaps.
        """
        refuse_gaps(export_set)
        return lost_instances(export_set)

    def write(
        self,
        export_set: ExportSet,
        out: Path,
        options: Options,
        report: Report,
    ) -> ExportResult:
        """Write images and masks sample by sample, then the config."""
        write_files(export_set, export_set.converted(to_files), out, report)
        write_samples(out, export_set.rows)
        (out / NAME).write_text(to_config(export_set), encoding="utf-8", newline="\n")
        return ExportResult(export_set.counts())

    def how_to_load(self, export_set: ExportSet, out: Path) -> str:
        """Return the line for mmengine."""
        config = (out / NAME).as_posix()
        return (
            f'from mmengine import Config; config = Config.fromfile("{config}")'
            "  # pip install mmsegmentation; or name it in _base_"
        )


def to_files(sample: Sample) -> Files:
    """Return image and mask of one sample."""
    return {
        f"img_dir/{sample.split}/{sample.id}.png": encode_png(sample.image),
        f"ann_dir/{sample.split}/{sample.id}.png": encode_png(sample.mask.labels),
    }
