"""TransUNet and Swin-Unet: `train_npz/`, `test_vol_h5/` and `lists/`, as they read Synapse.

Source: their `Synapse_dataset`, which unpacks `x, y = image.shape`: grey images alone.
"""

from __future__ import annotations

import io
from contextlib import ExitStack
from pathlib import Path
from typing import ClassVar

import h5py
import numpy as np

from medsynth.core.errors import InputError
from medsynth.core.options import Options
from medsynth.core.types import Sample, Split
from medsynth.exporters.classes_json import write_classes
from medsynth.exporters.exporter import ExportResult, ExportSet, Report
from medsynth.exporters.files import Files, write_files
from medsynth.exporters.lost import lost_instances, refuse_gaps
from medsynth.exporters.samples_csv import write_samples

LIST_OF: dict[Split, str] = {"train": "train", "val": "val_vol", "test": "test_vol"}


class TransUnet:
    """Writes slices to train on and volumes of one slice to test on."""

    summary: ClassVar[str] = "TransUNet, Swin-Unet: npz slices, h5 volumes, lists; grey images"
    options: ClassVar[type[Options]] = Options

    def check(self, export_set: ExportSet, options: Options) -> list[str]:
        """Refuse colour; say what is lost.

        Raises:
            InputError: the images are RGB, or class ids have gaps.
        """
        if export_set.channels != 1:
            raise InputError(
                "TransUNet reads slices of one channel, and these images are RGB.",
                "Use another format, or fit with data.colour=grey.",
            )
        refuse_gaps(export_set)
        notes = lost_instances(export_set)
        if "val" in export_set.splits():
            notes.append("TransUNet knows train and test_vol; val is beside them as val_vol.")
        return notes

    def write(
        self,
        export_set: ExportSet,
        out: Path,
        options: Options,
        report: Report,
    ) -> ExportResult:
        """Write slices and volumes sample by sample, then the lists."""
        write_files(export_set, export_set.converted(to_files), out, report)
        (out / "lists").mkdir()
        with ExitStack() as stack:
            lists = {
                split: stack.enter_context((out / "lists" / f"{name}.txt").open("wb"))
                for split, name in LIST_OF.items()
                if split in export_set.splits()
            }
            for row in export_set.rows:
                name = f"{row.id}_slice000" if row.split == "train" else row.id
                lists[row.split].write(f"{name}\n".encode())
        write_samples(out, export_set.rows)
        write_classes(out, export_set.classes)
        return ExportResult(export_set.counts())

    def how_to_load(self, export_set: ExportSet, out: Path) -> str:
        """Return a line for the first slice, and the options of TransUNet's train.py."""
        place = out.as_posix()
        first = next((row.id for row in export_set.rows if row.split == "train"), "...")
        return (
            f'import numpy; item = numpy.load("{place}/train_npz/{first}_slice000.npz")'
            f"  # train.py --root_path {place}/train_npz --list_dir {place}/lists "
            f"--num_classes {len(export_set.classes)}"
        )


def to_files(sample: Sample) -> Files:
    """Return the one file of a sample: image (H, W) float32 in [0, 1], label (H, W) uint8.

    A slice of train is an npz; in a volume both have a first axis of length 1.
    """
    image = sample.image[..., 0].astype(np.float32) / np.float32(255)
    label = sample.mask.labels
    buffer = io.BytesIO()
    if sample.split == "train":
        np.savez_compressed(buffer, image=image, label=label)
        return {f"train_npz/{sample.id}_slice000.npz": buffer.getvalue()}
    with h5py.File(buffer, "w") as file:
        for name, array in (("image", image), ("label", label)):
            file.create_dataset(name, data=array[None], compression="gzip", track_times=False)
    return {f"{LIST_OF[sample.split]}_h5/{sample.id}.npy.h5": buffer.getvalue()}
