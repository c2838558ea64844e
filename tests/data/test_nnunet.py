"""nnU-Net raw data as exporters write it: one RGB file a case, a test part, a fold."""

import json

import numpy as np
import pytest
from PIL import Image

from medsynth.core.errors import InputError
from medsynth.data.index import build_index
from medsynth.data.load import load_original
from medsynth.data.options import DataOptions

from .conftest import blob, picture, save

NAMES = {
    "channel_names": {"0": "R", "1": "G", "2": "B"},
    "labels": {"background": 0, "liver": 1, "tumour": 2},
    "numTraining": 6,
    "file_ending": ".png",
}


@pytest.fixture
def root(tmp_path):
    for part, cases in (("Tr", range(6)), ("Ts", range(6, 8))):
        for i in cases:
            save(tmp_path / f"images{part}" / f"c_{i}_0000.png", picture(i))
            save(tmp_path / f"labels{part}" / f"c_{i}.png", blob(i, value=1 + i % 2))
    (tmp_path / "dataset.json").write_text(json.dumps(NAMES))
    return tmp_path


def build(root, **options):
    return build_index(root, DataOptions(size=32, **options), seed=0)


@pytest.mark.parametrize("home", [".", "nnUNet_raw/Dataset001_Liver"])
def test_rgb_in_one_file_and_a_labelled_test_part(root, home):
    fold = {"train": [f"c_{i}" for i in range(4)], "val": ["c_4", "c_5"]}
    splits = root / home.replace("raw", "preprocessed") / "splits_final.json"
    splits.parent.mkdir(parents=True, exist_ok=True)
    if home != ".":
        (root / home).mkdir(parents=True)
        for name in ("imagesTr", "labelsTr", "imagesTs", "labelsTs", "dataset.json"):
            (root / name).rename(root / home / name)
    splits.write_text(json.dumps([fold, {"train": ["c_5"], "val": []}]))
    index = build(root)
    assert (index.reader, index.channels) == ("nnunet", 3)
    assert [c.name for c in index.classes] == ["background", "liver", "tumour"]
    splits = {item.id: item.split for item in index.items}
    assert splits == {**dict.fromkeys(fold["train"], "train"), "c_4": "val", "c_5": "val",
                      "c_6": "test", "c_7": "test"}  # fmt: skip
    for i, item in enumerate(index.items):
        sample = load_original(index, item)
        assert np.array_equal(sample.image, np.asarray(Image.open(root / item.image)))
        assert np.array_equal(sample.mask.labels, blob(i, value=1 + i % 2))


def test_without_a_fold_val_comes_from_the_training_cases(root):
    splits = {item.id: item.split for item in build(root).items}
    assert sorted(key for key, split in splits.items() if split == "test") == ["c_6", "c_7"]
    assert "val" in splits.values()


def test_a_case_in_both_parts_is_told(root):
    save(root / "imagesTs/c_0_0000.png", picture(9))
    save(root / "labelsTs/c_0.png", blob(9, value=1))
    with pytest.raises(InputError, match=r"c_0: labelsTr/c_0\.png and labelsTs/c_0\.png"):
        build(root)
    items = build(root, on_mismatch="skip").items
    assert [item.image for item in items if item.id == "c_0"] == ["imagesTr/c_0_0000.png"]


def test_one_class_of_two_keeps_its_name(root):
    for i in range(8):
        save(root / f"labelsT{'r' if i < 6 else 's'}/c_{i}.png", blob(i, value=2))
    assert [c.name for c in build(root).classes] == ["background", "tumour"]
