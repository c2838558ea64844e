"""nnU-Net v2: `nnUNet_raw/DatasetXXX_Name` and its split in `nnUNet_preprocessed`.

One fold: real val pairs, which nnU-Net then validates on; synthetic ones are in train alone.
Source: nnunetv2 2.8 (verify_dataset_integrity, nnUNetTrainer, nnunet_dataset), which reads it
back in `tests/readers/check_foreign_readers.py`.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from medsynth.core.errors import InputError
from medsynth.core.options import Options
from medsynth.core.types import Sample
from medsynth.exporters.exporter import ExportResult, ExportSet, Report
from medsynth.exporters.files import Files, write_files
from medsynth.exporters.lost import lost_instances, refuse_gaps
from medsynth.exporters.names import NameRule
from medsynth.exporters.nnunet_lists import folder_name, label_names, to_dataset, to_splits
from medsynth.exporters.samples_csv import write_samples
from medsynth.io.atomic import write_json
from medsynth.io.images import encode_png


class NnUnetOptions(Options):
    """Options of the format nnunet."""

    dataset_number: int = Field(default=501, ge=1, le=999)
    """nnunet: the XXX in DatasetXXX_Name."""


class NnUnet:
    """Writes an nnU-Net v2 data set of PNGs and its split."""

    summary: ClassVar[str] = "nnU-Net v2: nnUNet_raw, dataset.json, and splits_final.json"
    options: ClassVar[type[Options]] = NnUnetOptions
    name_rule: ClassVar[NameRule] = NameRule(
        "a '_seg' at the end becomes '-seg', for nnU-Net takes such cases for segmentations",
        lambda name: re.sub(r"_seg$", "-seg", name),
    )

    def check(self, export_set: ExportSet, options: NnUnetOptions) -> list[str]:
        """Say what is lost, and how to train where there is no val.

        Raises:
            InputError: class ids have gaps, or there is no train split.
        """
        refuse_gaps(export_set)
        if "train" not in export_set.splits():
            raise InputError("nnU-Net needs cases to train on, and there is no train split.")
        notes = lost_instances(export_set)
        other = [
            f"'{item.name}' is called '{name}'"
            for item, name in zip(export_set.classes, label_names(export_set.classes), strict=True)
            if item.name != name
        ]
        if other:
            notes.append(f"Names of labels must be unique, not reserved: {', '.join(other)}.")
        if "val" not in export_set.splits():
            notes.append(
                "There is no val, so no splits_final.json: train with fold `all`, for the folds "
                "that nnU-Net draws by itself would validate on synthetic cases."
            )
        return notes

    def write(
        self, export_set: ExportSet, out: Path, options: NnUnetOptions, report: Report
    ) -> ExportResult:
        """Write cases one by one, then dataset.json and splits_final.json."""
        name = folder_name(export_set.name, options.dataset_number)
        raw, preprocessed = out / "nnUNet_raw" / name, out / "nnUNet_preprocessed" / name
        raw.mkdir(parents=True)
        write_files(export_set, export_set.converted(to_files), raw, report)
        write_json(raw / "dataset.json", to_dataset(export_set))
        if "val" in export_set.splits():
            write_json(preprocessed / "splits_final.json", to_splits(export_set))
        write_samples(out, export_set.rows)
        return ExportResult(export_set.counts())

    def how_to_load(self, export_set: ExportSet, out: Path) -> str:
        """Return the line that checks the raw folder with nnU-Net's own eyes."""
        verify = "nnunetv2.experiment_planning.verify_dataset_integrity"
        raw = f'str(next(Path("{(out / "nnUNet_raw").as_posix()}").iterdir()))'
        return (
            f"from pathlib import Path; from {verify} import verify_dataset_integrity; "
            f"verify_dataset_integrity({raw})  # pip install nnunetv2"
        )


def to_files(sample: Sample) -> Files:
    """Return image and label of one case; test goes to imagesTs and labelsTs."""
    end = "Ts" if sample.split == "test" else "Tr"
    return {
        f"images{end}/{sample.id}_0000.png": encode_png(sample.image),
        f"labels{end}/{sample.id}.png": encode_png(sample.mask.labels),
    }
