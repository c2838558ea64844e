"""Plain folders: `<split>/images/<id>.png` beside `<split>/masks/<id>.png`, lossless."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import field_validator

from medsynth.core.errors import InputError
from medsynth.core.options import Options
from medsynth.core.types import Sample
from medsynth.exporters.classes_json import MaskValues, write_classes
from medsynth.exporters.exporter import ExportResult, ExportSet, Report
from medsynth.exporters.files import Files, write_files
from medsynth.exporters.samples_csv import write_samples
from medsynth.io.images import encode_png


class FolderOptions(Options):
    """Options of the format folder."""

    mask_values: MaskValues = "index"
    """folder: index writes class ids; 255 writes 0 and 255, for sets with one class only."""

    @field_validator("mask_values", mode="before")
    @classmethod
    def _a_number_is_its_text(cls, value: Any) -> Any:
        return str(value) if isinstance(value, int) else value


class Folder:
    """Writes folders of PNGs, `samples.csv` and `classes.json`."""

    summary: ClassVar[str] = "folders of PNG images and masks, with samples.csv and classes.json"
    options: ClassVar[type[Options]] = FolderOptions

    def check(self, export_set: ExportSet, options: FolderOptions) -> list[str]:
        """Refuse 0/255 masks where there is more than one class.

        Raises:
            InputError: `mask_values` is 255 and a mask could not say which class it means.
        """
        objects = [item.name for item in export_set.classes if item.id]
        if options.mask_values == "255" and len(objects) != 1:
            raise InputError(
                f"masks of 0 and 255 hold one class, but this set has {len(objects)}: "
                f"{', '.join(objects)}.",
                "Use export.mask_values=index.",
            )
        return []

    def write(
        self, export_set: ExportSet, out: Path, options: FolderOptions, report: Report
    ) -> ExportResult:
        """Write the pictures sample by sample, then the two lists."""

        def convert(sample: Sample) -> Files:
            return {
                f"{sample.split}/{kind}/{sample.id}.png": encode_png(array)
                for kind, array in pictures(sample, options.mask_values).items()
            }

        write_files(export_set, export_set.converted(convert), out, report)
        write_samples(out, export_set.rows)
        write_classes(out, export_set.classes, options.mask_values)
        return ExportResult(export_set.counts())

    def how_to_load(self, export_set: ExportSet, out: Path) -> str:
        """Return the line for the data set class."""
        split = (export_set.splits() or ("train",))[0]
        load = f'FolderDataset("{out.as_posix()}", split="{split}")'
        return f"from medsynth.data.torch_dataset import FolderDataset; data = {load}"


def pictures(sample: Sample, mask_values: MaskValues) -> dict[str, NDArray[Any]]:
    """Return kind -> picture of one sample: images, masks, and instances where it has them.

    images: (H, W, C) uint8; masks: (H, W) uint8; instances: (H, W) uint16.
    """
    labels = sample.mask.labels
    masks = labels if mask_values == "index" else (labels > 0).astype(np.uint8) * np.uint8(255)
    found: dict[str, NDArray[Any]] = {"images": sample.image, "masks": masks}
    if sample.mask.instances is not None:
        found["instances"] = sample.mask.instances
    return found
