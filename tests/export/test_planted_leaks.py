"""Each way in which val or test could reach the train part of an export, planted in a run."""

from dataclasses import replace

import pytest

from medsynth.core.errors import InputError
from medsynth.core.types import SPLITS
from medsynth.data.index import DataIndex
from medsynth.data.trained_on import Trained, own_pairs, read_trained_on, write_trained_on
from medsynth.exporters.export_set import Row
from medsynth.exporters.learned import learned_leaks
from medsynth.io.sealed_lines import sealed, unsealed
from medsynth.workflows.export.export import ExportConfig, export_run

from .runs import augment, make_run
from .sets import quiet


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path)


def refused(run):
    """The report of an export that is refused, of which nothing is written."""
    for name in ("folder", "coco"):
        with pytest.raises(InputError, match="the export would leak between splits") as caught:
            export_run(ExportConfig(name, run.path), quiet)
    assert not run.exports.exists()
    return caught.value.what


def save_items(run, change):
    """Put other items into the run's index."""
    index = DataIndex.load(run.path)
    items = tuple(change(item) for item in index.items)
    replace(index, items=items).save(run.path)
    return index


def ids(run, split):
    return [item.id for item in DataIndex.load(run.path).split(split)]


@pytest.mark.parametrize("split", ["val", "test"])
def test_a_source_mask(run, split):
    (held_out,) = ids(run, split)[:1]
    augment(run, 1)
    augment(run, 1, sources=(held_out,), first=1)
    said = refused(run)
    item = next(i for i in DataIndex.load(run.path).items if i.id == held_out)
    assert f"synthetic s0000002 (train) <- mask {held_out} ({split}) <- group {item.group}" in said
    assert "s0000001" not in said


@pytest.mark.parametrize("split", ["val", "test"])
def test_a_donor_that_only_the_steps_name(run, split):
    (held_out,) = ids(run, split)[:1]
    steps = ({"op": "flip", "donors": []}, {"op": "copy-paste", "donors": [held_out]})
    augment(run, 2, steps=steps)
    said = refused(run)
    for name in ("s0000001", "s0000002"):
        assert f"synthetic {name} (train) <- mask {held_out} ({split})" in said


def test_a_group_in_two_splits(run):
    augment(run, 2)
    train, test = (ids(run, split)[0] for split in ("train", "test"))
    save_items(run, lambda i: replace(i, group="patient-7") if i.id in (train, test) else i)
    assert f"group patient-7 is in train ({train}) and test ({test})" in refused(run)


def test_the_group_of_a_sample_is_that_of_a_held_out_pair(run):
    """The source itself is gone from the data; its patient is in val now."""
    augment(run, 1)
    source = ids(run, "train")[0]
    group = next(i.group for i in DataIndex.load(run.path).items if i.id == source)
    index = DataIndex.load(run.path)
    kept = tuple(
        replace(i, group=group) if i.split == "val" else i for i in index.items if i.id != source
    )
    replace(index, items=kept).save(run.path)
    said = refused(run)
    assert f"<- mask {source}, which is no pair of this run" in said
    assert f"<- group {group} (val, for example {ids(run, 'val')[0]})" in said


@pytest.mark.parametrize("split", ["val", "test"])
def test_the_index_changed_after_augment(run, split):
    augment(run, 8)
    source = ids(run, "train")[0]
    save_items(run, lambda i: replace(i, split=split) if i.id == source else i)
    said = refused(run)
    assert f"synthetic s0000001 (train) <- mask {source} ({split}) <- group" in said
    assert f"<- weights of polyps-1 <- image {source}, which is {source} ({split})" in said


def test_the_index_changed_and_its_ids_too(run):
    """Masks that the user brought have no source, yet their images come from the weights."""
    augment(run, 3, sources=())
    was = ids(run, "train")[0]
    order = {"train": "train", "val": "train", "test": "test"}
    index = save_items(
        run,
        lambda i: replace(
            i, id=f"new-{i.id}", group=f"g-{i.id}", split="test" if i.id == was else order[i.split]
        ),
    )
    assert index.split("val")
    said = refused(run)
    chain = f"<- weights of polyps-1 <- image {was}, which is new-{was} (test) <- group g-{was}"
    assert f"3 synthetic samples (for example s0000001) {chain}" in said


def test_an_ancestor_learned_from_what_is_now_held_out(run):
    augment(run, 2)
    index = DataIndex.load(run.path)
    (held_out,) = index.split("test")[:1]
    grandparent = Trained("base-1", "scan-9", "g9", held_out.image_sha256)
    write_trained_on(run.path, (grandparent, *own_pairs(run.path, index)))
    said = refused(run)
    assert f"<- weights of base-1 <- image scan-9, which is {held_out.id} (test)" in said


def test_an_ancestor_learned_from_another_image_of_a_held_out_group(run):
    augment(run, 2)
    index = DataIndex.load(run.path)
    (val,), (train,) = index.split("val")[:1], index.split("train")[:1]
    shared = Trained("base-1", "p0", "g", train.image_sha256)
    gone = Trained("base-1", "gone", val.group, "0" * 64)
    write_trained_on(run.path, (shared, gone))
    said = refused(run)
    assert f"<- image gone <- group {val.group} (val, for example {val.id})" in said
    write_trained_on(run.path, (gone,))  # other data altogether: the names mean something else
    assert export_run(ExportConfig("folder", run.path), quiet).counts["train"]["synthetic"] == 2


@pytest.mark.parametrize("split", ["val", "test"])
def test_a_split_forged_in_the_manifest(run, split):
    augment(run, 2)
    path = run.samples / "manifest.jsonl"
    first, second = path.read_bytes().splitlines(keepends=True)
    forged = unsealed(second).replace(b'"split":"train"', f'"split":"{split}"'.encode())
    path.write_bytes(first + sealed(forged))
    assert f"synthetic s0000002 ({split}) is not in train" in refused(run)


def test_a_clean_run_passes_and_real_pairs_alone_have_learned_nothing(run):
    augment(run, 3)
    export_run(ExportConfig("coco", run.path), quiet)
    index = DataIndex.load(run.path)
    write_trained_on(run.path, [Trained("x", i.id, i.group, i.image_sha256) for i in index.items])
    sets = ("export.ratio=0",)
    assert export_run(ExportConfig("folder", run.path, sets=sets), quiet).counts
    assert set(SPLITS) == set(export_run(ExportConfig("folder", run.path, sets=sets), quiet).counts)


@pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
def test_an_image_that_is_in_train_and_in_test(order):
    """Which of the two comes first by its name does not matter."""
    twins = {"a": "train", "b": "test"} if order == ("a", "b") else {"a": "test", "b": "train"}
    real = [Row(name, twins[name], "real", f"g{name}", image_sha256="same") for name in "ab"]
    made = [Row("s0000001", "train", "synthetic", "ga")]
    assert list(learned_leaks(made, real, [Trained("run", "a", "ga", "same")]))


def test_damaged_and_missing_records(run):
    augment(run, 1)
    path = run.path / "trained_on.jsonl"
    path.write_text('{"run": 1}\n')
    with pytest.raises(InputError, match=r"trained_on.jsonl is damaged"):
        export_run(ExportConfig("folder", run.path), quiet)
    path.unlink()
    assert read_trained_on(run.path) is None
    run.about.write_text('{"init_from": "/somewhere/base-1"}')
    notes = export_run(ExportConfig("folder", run.path), quiet).notes
    assert any("begun with those of base-1; what they learned from is not" in n for n in notes)
    run.about.write_text('{"init_from": null, "imported": "/x/y.ckpt"}')
    notes = export_run(ExportConfig("coco", run.path), quiet).notes
    assert any("The weights were imported; what" in note for note in notes)
