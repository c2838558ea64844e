"""MONAI datalist: `dataset.json` with training, validation and test, and the pictures.

Source: monai.data.decathlon_datalist, which reads it back in the tests. It takes any value
that is a path of the export for one, so items hold paths alone; the rest is in samples.csv.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from medsynth.core.options import Options
from medsynth.core.types import Split
from medsynth.exporters.citation import LICENSE_NOTE, generator
from medsynth.exporters.exporter import ExportResult, ExportSet, Report
from medsynth.exporters.files import Files, write_files
from medsynth.exporters.huggingface import converter
from medsynth.exporters.json_lists import json_lists
from medsynth.exporters.pictures import filled_instances
from medsynth.exporters.samples_csv import write_samples

NAME = "dataset.json"
KEY_OF: dict[Split, str] = {"train": "training", "val": "validation", "test": "test"}
ITEM_OF = {"images": "image", "masks": "label", "instances": "instances"}


class Monai:
    """Writes pictures and a datalist in the manner of the Medical Segmentation Decathlon."""

    summary: ClassVar[str] = "MONAI: PNGs and a datalist (dataset.json)"
    options: ClassVar[type[Options]] = Options

    def check(self, export_set: ExportSet, options: Options) -> list[str]:
        """Say how MONAI turns pictures."""
        return [
            *filled_instances(export_set),
            "MONAI reads PNGs as (W, H); as (H, W): LoadImage(PILReader, reverse_indexing=False).",
        ]

    def write(
        self,
        export_set: ExportSet,
        out: Path,
        options: Options,
        report: Report,
    ) -> ExportResult:
        """Write pictures and the datalist sample by sample."""
        keys = tuple(KEY_OF[split] for split in export_set.splits())
        with json_lists(out / NAME, head(export_set), keys) as lists:

            def listed() -> Iterator[Files]:
                converted = export_set.converted(converter(export_set))
                for row, files in zip(export_set.rows, converted, strict=True):
                    item = {ITEM_OF[path.split("/")[1]]: path for path in files}
                    lists[KEY_OF[row.split]].append(item)
                    yield files

            write_files(export_set, listed(), out, report)
        write_samples(out, export_set.rows)
        return ExportResult(export_set.counts())

    def how_to_load(self, export_set: ExportSet, out: Path) -> str:
        """Return the line for MONAI."""
        key = KEY_OF[(export_set.splits() or ("train",))[0]]
        load = f'load_decathlon_datalist("{(out / NAME).as_posix()}", data_list_key="{key}")'
        return f"from monai.data import load_decathlon_datalist; items = {load}"


def head(export_set: ExportSet) -> dict[str, Any]:
    """Return the properties that stand before the lists."""
    channels = ("R", "G", "B") if export_set.channels == 3 else ("grey",)
    training = sum(row.split == "train" for row in export_set.rows)
    return {
        "name": export_set.name,
        "description": f"{generator()}. {LICENSE_NOTE}",
        "tensorImageSize": "2D",
        "modality": {str(number): name for number, name in enumerate(channels)},
        "labels": {str(item.id): item.name for item in export_set.classes},
        "numTraining": training,
        "numTest": sum(row.split == "test" for row in export_set.rows),
    }
