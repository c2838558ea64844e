"""Reads an export with nnU-Net: its own check, then every pixel and the split."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np


def main(place: Path) -> None:
    out = place / "out"
    for key in ("raw", "preprocessed", "results"):
        os.environ[f"nnUNet_{key}"] = str(out / f"nnUNet_{key}")
    from expected import Expected
    from nnunetv2.experiment_planning.verify_dataset_integrity import verify_dataset_integrity
    from nnunetv2.imageio.reader_writer_registry import determine_reader_writer_from_dataset_json
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer
    from nnunetv2.utilities.dataset_name_id_conversion import convert_id_to_dataset_name
    from nnunetv2.utilities.utils import get_filenames_of_train_images_and_targets

    expected = Expected(place)
    name = convert_id_to_dataset_name(501)
    raw = out / "nnUNet_raw" / name
    verify_dataset_integrity(str(raw), num_processes=1)

    import json

    dataset = json.loads((raw / "dataset.json").read_text(encoding="utf-8"))
    assert dataset["labels"] == {label: k for k, label in enumerate(expected.classes)}
    files = get_filenames_of_train_images_and_targets(str(raw))
    assert set(files) == expected.of("train", "val")
    first = next(iter(files.values()))["images"][0]
    reader = determine_reader_writer_from_dataset_json(dataset, first)()
    for case, paths in files.items():
        image, _ = reader.read_images(paths["images"])
        labels, _ = reader.read_seg(paths["label"])
        assert np.array_equal(image[:, 0], expected.image(case).transpose(2, 0, 1)), case
        assert np.array_equal(labels[0, 0], expected.labels(case)), case
    trainer = SimpleNamespace(
        dataset_class=lambda *args, **more: None,
        preprocessed_dataset_folder="",
        preprocessed_dataset_folder_base=str(out / "nnUNet_preprocessed" / name),
        folder_with_segs_from_previous_stage=None,
        fold=0,
        print_to_log_file=print,
    )
    train, val = nnUNetTrainer.do_split(trainer)
    assert set(train) == expected.of("train")
    assert set(val) == expected.of("val")
    assert {expected.samples[case]["origin"] for case in val} == {"real"}
    print(f"verified; {len(files)} cases alike in every pixel; fold 0: {len(train)} + {len(val)}")


if __name__ == "__main__":
    main(Path(sys.argv[2]))
