"""What a run made never counts as real: in the data folder, as the data folder, as an export."""

import json
import shutil

import pytest

import medsynth as api
from medsynth.core.errors import InputError
from medsynth.data import own_folders
from medsynth.data.index import DataIndex, build_index
from medsynth.data.options import DataOptions
from medsynth.exporters import card, samples_csv
from medsynth.exporters.exporter import EXPORTERS
from medsynth.io.runs import Run
from medsynth.workflows.masks import folder as mask_folder
from medsynth.workflows.other_data import read_other_data
from medsynth.workflows.recipe import read_run_recipe
from medsynth.workflows.shards import facts

FORMATS = [name for name in EXPORTERS.names() if name not in ("transunet", "nifti")]
UNREAD = {"coco-panoptic", "mmseg", "webdataset", "yolo-seg"}
"""Formats that no reader reads, so none of their pairs counts as real."""


def build(root, **options):
    return build_index(root, DataOptions(size=32, **options), seed=0)


def test_the_marks_are_those_of_the_writers():
    assert card.NAME == own_folders.CARD
    assert samples_csv.NAME == own_folders.SAMPLES
    assert ",".join(samples_csv.COLUMNS).encode() == own_folders.SAMPLES_HEAD
    assert mask_folder.ABOUT == own_folders.PERTURBED
    assert facts.FILE == own_folders.SHARD


def test_fit_augment_and_export_within_the_data_folder(medsynth, blobs, recipe, monkeypatch):
    """As people do it: cd DATA, and everything there; then again on the same folder."""
    data = blobs(n=14)
    monkeypatch.chdir(data)
    assert medsynth("fit", ".", "--recipe", recipe).code == 0
    assert medsynth("augment", "--n", 6).code == 0
    assert medsynth("augment", "--n", 12, "--shard", "1/2").code == 0
    for name in ("folder", "coco", "hdf5"):
        assert medsynth("export", "--format", name).code == 0
    assert medsynth("export", "--format", "folder", "--out", "mine").code == 0
    perturbed = medsynth("perturb", ".", "--n", 3, "--out", "new", "--set", "data.size=32")
    assert perturbed.code == 0, perturbed.err
    found = json.loads(medsynth("doctor", ".", "--quick", "--json", "--recipe", recipe).out)
    assert found["pairs"] == 14
    (note,) = [each for each in found["problems"] if each["code"] == "medsynth-folders"]
    assert note["severity"] == "note"
    assert note["examples"] == [
        "mine (an export)",
        "new (masks of medsynth perturb)",
        "runs/data-1 (a run)",
    ]
    assert medsynth("fit", ".", "--recipe", recipe).code == 0
    first, second = (DataIndex.load(data / "runs" / f"data-{k}") for k in (1, 2))
    assert first.hash == second.hash
    assert len(second.items) == 14


def test_other_real_data_with_a_run_in_it(augmented, blobs):
    """evaluate --real and prove DATA read other data alike."""
    other = blobs("other", n=12, seed=7)
    shutil.copytree(augmented.run, other / "runs" / "a")
    run = Run(augmented.run)
    index = DataIndex.load(run.path)
    read = read_other_data(other, read_run_recipe(run), run.path, index)
    assert len(read.pairs.images) == 12


@pytest.mark.parametrize("below", [".", "samples", "exports", "checkpoints"])
def test_a_run_is_no_data(medsynth, own_augmented, recipe, below):
    api.export("folder", run=own_augmented)
    for verb in (("doctor", "--quick"), ("fit", "--recipe", recipe)):
        said = medsynth(verb[0], own_augmented / below, *verb[1:])
        assert said.code == 3
        assert "images in it are synthetic, and would count as real" in said.err
        assert f"medsynth export --format folder --run {own_augmented}" in said.err
    assert len(build(own_augmented / "exports" / "folder").items) == 20


@pytest.mark.parametrize("form", FORMATS)
def test_synthetic_pairs_of_an_export_are_told_or_none_is_read(augmented, tmp_path, form):
    out = api.export(form, run=augmented.run, out=tmp_path / "out").out
    if form in UNREAD:
        with pytest.raises(InputError) as caught:
            build(out)
        assert "folder, coco, hdf5 can be read again" in caught.value.tip
        return
    index = build(out)
    origins = [item.attributes["origin"] for item in index.items]
    assert (origins.count("real"), origins.count("synthetic")) == (14, 6)
    (note,) = [note for note in index.notes if note.code == "synthetic-pairs"]
    assert (note.severity, note.what) == ("warning", "6 of 20 pairs are synthetic")
    real = build(out, where={"origin": "real"})
    assert len(real.items) == 14


def test_synthetic_pairs_in_val_and_test_are_counted(augmented, tmp_path):
    out = api.export("folder", run=augmented.run, out=tmp_path / "out").out
    index = build(out, split_file="none", groups="none")
    held_out = [
        item.id
        for item in index.items
        if item.split != "train" and item.attributes["origin"] == "synthetic"
    ]
    assert held_out
    (note,) = [note for note in index.notes if note.code == "synthetic-pairs"]
    assert f", {len(held_out)} of them in val or test" in note.what


@pytest.mark.parametrize(
    ("form", "part"),
    [("folder", "train"), ("huggingface", "train"), ("nnunet", "nnUNet_raw"), ("monai", "train")],
)
def test_a_part_of_an_export_tells_no_origin_and_is_refused(augmented, tmp_path, form, part):
    out = api.export(form, run=augmented.run, out=tmp_path / "out").out
    with pytest.raises(InputError, match="with 6 synthetic pairs, and which they are") as caught:
        build(out / part)
    assert caught.value.tip == f"Give the export's own folder as DATA: {out}"
    if form != "nnunet":
        told = {kind: str(out / part / kind) for kind in ("images", "masks")}
        (tmp_path / "empty").mkdir()
        with pytest.raises(InputError, match="synthetic pairs, and which they are"):
            build(tmp_path / "empty", **told)


def test_an_export_that_lost_its_list_is_refused(augmented, tmp_path):
    out = api.export("folder", run=augmented.run, out=tmp_path / "out").out
    (out / "samples.csv").unlink()
    with pytest.raises(InputError, match="which they are cannot be read") as caught:
        build(out)
    assert "folder, coco, hdf5 can be read again" in caught.value.tip


def test_an_export_of_real_pairs_alone_needs_no_origin(augmented, tmp_path):
    options = {"export.ratio": 0}
    out = api.export("folder", run=augmented.run, out=tmp_path / "out", options=options).out
    (out / "samples.csv").unlink()
    assert len(build(out).items) == 14
