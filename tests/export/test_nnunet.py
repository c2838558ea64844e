import json
from dataclasses import replace

import numpy as np
import pytest

from medsynth.core.errors import InputError
from medsynth.core.types import LabelClass
from medsynth.exporters.deliver import deliver
from medsynth.exporters.nnunet import NnUnet, NnUnetOptions
from medsynth.exporters.options import ExportOptions

from .readers import picture
from .sets import make_set, quiet


def exported(out, export_set, **options):
    result = deliver("nnunet", export_set, out, ExportOptions(**options), quiet)
    raw = next((out / "nnUNet_raw").iterdir())
    return result, raw, json.loads((raw / "dataset.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("channels", [1, 3])
def test_files_and_dataset_json_agree(channels, tmp_path):
    export_set = make_set(channels=channels, instances=True)
    result, raw, dataset = exported(tmp_path / "out", export_set, dataset_number=7)
    assert raw.name == "Dataset007_polyps1"
    assert dataset["labels"] == {"background": 0, "polyp": 1, "Gerät": 2}
    assert len(dataset["channel_names"]) == channels
    assert dataset["numTraining"] == len(list((raw / "imagesTr").iterdir())) == 13
    assert dataset["file_ending"] == ".png"
    assert "Instance ids are not kept" in result.notes[0]
    for sample in export_set:
        end = "Ts" if sample.split == "test" else "Tr"
        image = picture(raw / f"images{end}" / f"{sample.id}_0000.png")
        assert np.array_equal(image.reshape(sample.image.shape), sample.image)
        assert image.ndim == (3 if channels == 3 else 2)
        assert np.array_equal(
            picture(raw / f"labels{end}" / f"{sample.id}.png"), sample.mask.labels
        )


def test_the_split_stands_where_nnunet_looks_and_val_is_real(tmp_path):
    export_set = make_set()
    _, raw, _ = exported(tmp_path / "out", export_set)
    path = tmp_path / "out" / "nnUNet_preprocessed" / raw.name / "splits_final.json"
    [fold] = json.loads(path.read_text(encoding="utf-8"))
    origin = {row.id: (row.split, row.origin) for row in export_set.rows}
    assert {origin[name] for name in fold["val"]} == {("val", "real")}
    assert {origin[name][0] for name in fold["train"]} == {"train"}
    cases = {path.stem for path in (raw / "labelsTr").iterdir()}
    assert cases == {*fold["train"], *fold["val"]}
    assert len(cases) == len(fold["train"]) + len(fold["val"])


def test_without_val_there_is_no_split_and_it_is_said(tmp_path):
    export_set = make_set()
    train = replace(export_set, rows=tuple(r for r in export_set.rows if r.split == "train"))
    result, _, _ = exported(tmp_path / "out", train)
    assert "fold `all`" in result.notes[-1]
    assert not (tmp_path / "out" / "nnUNet_preprocessed").exists()
    nothing = replace(export_set, rows=tuple(r for r in export_set.rows if r.split != "train"))
    with pytest.raises(InputError, match="no train split"):
        NnUnet().check(nothing, NnUnetOptions())


def test_labels_that_are_reserved_or_come_twice_get_other_names(tmp_path):
    names = ("void", "polyp", "ignore", "polyp")
    classes = tuple(LabelClass(number, name) for number, name in enumerate(names))
    result, _, dataset = exported(tmp_path / "out", replace(make_set(), classes=classes))
    assert dataset["labels"] == {"background": 0, "polyp": 1, "ignore-2": 2, "polyp-3": 3}
    assert "'ignore' is called 'ignore-2'" in result.notes[0]
