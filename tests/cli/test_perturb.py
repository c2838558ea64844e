"""medsynth perturb: masks, manifest and contact sheet; nothing where something is wrong."""

import json
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from medsynth.io.images import read_png
from medsynth.masks.plan_entry import PlanEntry
from medsynth.store.journal import Journal

SMALL = ("--set", "data.size=32")
WITHOUT_TORCH = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("torch", "diffusers", "transformers", "accelerate"):
            raise ImportError(f"{name} is blocked")

if "--blocked" in sys.argv:
    sys.argv.remove("--blocked")
    sys.meta_path.insert(0, Blocked())
from medsynth.cli.app import main
try:
    main()
finally:
    assert not {"torch", "diffusers", "transformers"} & sys.modules.keys(), "torch was imported"
"""


def files(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".lock")
    }


@pytest.mark.parametrize("blocked", [["--blocked"], []])
def test_torch_is_neither_needed_nor_imported(blobs, tmp_path, blocked):
    command = [sys.executable, "-c", WITHOUT_TORCH, *blocked, "perturb", str(blobs()), "--n", "3"]
    done = subprocess.run(
        [*command, *SMALL, "--out", str(tmp_path / "new")],
        capture_output=True,
        text=True,
        env=os.environ | {"COLUMNS": "200"},
    )
    assert done.returncode == 0, done.stderr
    assert "holds 3 masks (3 new) from" in done.stdout


@pytest.mark.parametrize("instances", [False, True])
def test_what_is_written(medsynth, blobs, tmp_path, instances):
    meaning = ("--set", f"data.mask={'instances' if instances else 'auto'}")
    data = blobs(n=20, instances=instances)
    said = medsynth("perturb", data, "--n", 9, "--out", "new", *SMALL, *meaning)
    assert said.code == 0, said.err
    out = tmp_path / "new"
    entries = [PlanEntry.from_json(row) for row in Journal(out / "manifest.jsonl")]
    assert [entry.index for entry in entries] == list(range(9))
    names = sorted(f"{entry.key}.png" for entry in entries)
    assert sorted(p.name for p in (out / "masks").iterdir()) == names
    for entry in entries:
        labels = read_png(out / "masks" / f"{entry.key}.png")
        assert labels.dtype == np.uint8
        assert set(np.unique(labels)) <= {0, 1}
        if instances:
            ids = read_png(out / "instances" / f"{entry.key}.png")
            assert np.array_equal(ids > 0, labels > 0)
    assert (out / "instances").exists() == instances
    assert json.loads((out / "classes.json").read_text()).keys() == {"0", "1"}
    assert read_png(out / "contact_sheet.png").shape[2] == 3
    assert "holds 9 masks (9 new)" in said.out


def test_two_hundred_after_one_hundred_begin_with_it(medsynth, blobs, tmp_path):
    data = blobs(n=20, classes=2)
    balance = ("--set", "masks.balance={by: size}", *SMALL)
    medsynth("perturb", data, "--n", 7, "--out", "a", *balance)
    before = files(tmp_path / "a")
    said = medsynth("perturb", data, "--n", 16, "--out", "a", *balance, "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["made"] == 9
    medsynth("perturb", data, "--n", 16, "--out", "b", *balance)
    after = files(tmp_path / "a")
    for name, data_ in before.items():
        assert name == "contact_sheet.png" or after[name].startswith(data_)
    assert after == files(tmp_path / "b")
    assert medsynth("perturb", data, "--n", 16, "--out", "a", *balance, "--json").code == 0
    assert files(tmp_path / "a") == after


def test_a_single_mask_is_enough(medsynth, blobs, tmp_path):
    said = medsynth("perturb", blobs(n=1), "--n", 4, "--out", "new", *SMALL)
    assert said.code == 0, said.err
    assert "holds 4 masks (4 new) from 1 training mask" in said.out
    assert len(list((tmp_path / "new" / "masks").iterdir())) == 4


def test_a_run_in_the_data_gives_no_masks(medsynth, fitted, augmented, tmp_path):
    data = shutil.copytree(fitted.data, tmp_path / "data")
    medsynth("perturb", data, "--n", 3, "--out", "a", *SMALL)
    shutil.copytree(augmented.run, data / "runs" / "data-1")
    medsynth("perturb", data, "--n", 3, "--out", "b", *SMALL)
    a, b = files(tmp_path / "a"), files(tmp_path / "b")
    assert a["manifest.jsonl"] == b["manifest.jsonl"]
    said = medsynth("perturb", data / "runs/data-1/samples", "--n", 3, "--out", "c", *SMALL)
    assert (said.code, "images in it are synthetic" in said.err) == (3, True)


def test_figures_as_json(medsynth, blobs, tmp_path):
    data = blobs(n=24)
    splits = ["train"] * 12 + ["val"] * 8 + ["test"] * 4
    lines = "".join(f"p{k:02d},{split}\n" for k, split in enumerate(splits))
    (data / "split.csv").write_text("stem,split\n" + lines)
    found = json.loads(medsynth("perturb", data, "--n", 5, "--out", "new", *SMALL, "--json").out)
    assert found["masks"] == found["made"] == 5
    assert found["sources"] == 12
    assert {"new", "flips, scale and shift", "training masks"} == found["diversity"].keys()
    assert 0 <= found["diversity"]["new"]["coverage"] <= 1
    said = medsynth("perturb", data, "--n", 5, "--out", "new", *SMALL)
    assert "val masks covered by new: " in said.out


def test_perturbed_masks_can_be_augmented(medsynth, own_run, fitted, tmp_path):
    medsynth("perturb", fitted.data, "--n", 3, "--out", "new", *SMALL)
    said = medsynth("augment", "--masks", "new", "--run", own_run, "--device", "cpu", "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["accepted"] == 3
    for path in (tmp_path / "new" / "masks").iterdir():
        there = read_png(own_run / "samples" / "masks" / path.name)
        assert np.array_equal(read_png(path), there)


def refused(medsynth, tmp_path, code, *arguments):
    before = files(tmp_path)
    said = medsynth(*arguments)
    assert said.code == code, said.err
    assert "Traceback" not in said.err
    assert files(tmp_path) == before
    return said.err


def test_a_folder_that_holds_something_else(medsynth, blobs, tmp_path):
    data = blobs()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    (tmp_path / "file").write_text("x")
    perturb = ("perturb", data, "--n", 3, *SMALL, "--out")
    assert "was not written by medsynth perturb" in refused(medsynth, tmp_path, 2, *perturb, "mine")
    assert "file is a file" in refused(medsynth, tmp_path, 2, *perturb, "file")


def test_what_was_begun_otherwise_is_not_extended(medsynth, blobs, tmp_path):
    data = blobs()
    perturb = ("perturb", data, "--out", "new", *SMALL, "--n")
    medsynth(*perturb, 4)
    assert "begun with another seed" in refused(medsynth, tmp_path, 2, *perturb, 6, "--seed", 5)
    other = ("--set", "masks.max_redraws=3")
    assert "another mask policy" in refused(medsynth, tmp_path, 2, *perturb, 6, *other)
    assert "holds 4 masks already" in refused(medsynth, tmp_path, 2, *perturb, 3)
    Image.new("L", (32, 32)).save(data / "masks" / "p00.png")
    assert "begun with other data" in refused(medsynth, tmp_path, 2, *perturb, 6)


@pytest.mark.parametrize(
    ("sets", "code", "says"),
    [
        ("masks.balance={by: size, target: {small: 0.4}}", 2, "sum to 0.4"),
        ("masks.balance={by: class, target: {7: 1}}", 2, "no training mask is of the class 7"),
        ("masks.negatives=0.5", 3, "no training mask is empty"),
        ("masks.plausibility=maybe", 2, "masks.plausibility"),
        ("masks.max_iou_with_real=0", 2, "masks.max_iou_with_real"),
        ("masks.policy=[{op: flp}]", 2, "did you mean 'flip'"),
        ("siamese.steps=3", 2, "perturb can set data.* and masks.* only"),
    ],
)
def test_wrong_options_write_nothing(medsynth, blobs, tmp_path, sets, code, says):
    said = refused(
        medsynth, tmp_path, code, "perturb", blobs(), "--n", 3, "--out", "new", "--set", sets
    )
    assert says in said
    assert not (tmp_path / "new").exists()


def test_masks_of_other_sizes_and_too_many_labels_write_nothing(medsynth, blobs, tmp_path):
    data = blobs()
    perturb = ("perturb", data, "--n", 3, "--out", "new")
    Image.new("L", (16, 16)).save(data / "masks" / "p00.png")
    said = refused(medsynth, tmp_path, 3, *perturb)
    assert "images/p00.png is 32x32 but masks/p00.png is 16x16" in said
    data = blobs("many", hw=(257, 257), n=4, instances=True)
    (data / "masks" / "p00.png").unlink()
    many = np.arange(257 * 257, dtype=np.int32).reshape(257, 257)
    Image.fromarray(many).save(data / "masks" / "p00.tif")
    (data / "split.csv").write_text("stem,split\np00,train\np01,train\np02,val\np03,test\n")
    said = refused(
        medsynth, tmp_path, 3, "perturb", data, "--n", 3, "--out", "new",
        "--set", "data.mask=instances",
    )  # fmt: skip
    assert "masks/p00.tif: a mask holds 66048 instances; at most 65535 fit" in said
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("n", ["0", "-2", "many"])
def test_wrong_numbers(medsynth, blobs, tmp_path, n):
    assert "--n" in refused(medsynth, tmp_path, 2, "perturb", blobs(), "--n", n, "--out", "new")


def test_wrong_user_masks(medsynth, own_run, tmp_path):
    (tmp_path / "mine").mkdir()
    Image.fromarray(np.zeros((32, 32), np.float32)).save(tmp_path / "mine" / "a.tif")
    augment = ("augment", "--masks", "mine", "--run", own_run)
    assert "a.tif: it holds float32" in refused(medsynth, tmp_path, 3, *augment)
    assert "there is no folder" in refused(
        medsynth, tmp_path, 3, "augment", "--masks", "gone", "--run", own_run
    )
