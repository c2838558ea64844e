"""What medsynth wrote is no data; what only looks like it still is."""

import json

import pytest

from medsynth.core.errors import InputError
from medsynth.data.index import build_index
from medsynth.data.options import DataOptions

from .conftest import blob, picture, save


def build(root, **options):
    return build_index(root, DataOptions(size=32, **options), seed=0)


def pairs_in(folder):
    save(folder / "images/s0000001.png", picture(70))
    save(folder / "masks/s0000001.png", blob(2))
    return folder


def run_in(folder):
    pairs_in(folder / "samples")
    (folder / "recipe.yaml").write_text("seed: 0\n")
    (folder / "run.json").write_text("{}")
    return folder


ROW = {"id": "s0000001", "index": 0, "files": {}, "group": "p0"}


def test_folders_below_are_passed_over_and_told(make_pairs):
    root = make_pairs(6)
    run_in(root / "runs/data-1")
    run_in(root / "images/mine")
    store = pairs_in(root / "copied")
    (store / "manifest.jsonl").write_text(json.dumps(ROW) + "\n")
    new = pairs_in(root / "new")
    (new / "manifest.jsonl").write_text(json.dumps(ROW))
    (new / "perturb.json").write_text("{}")
    shard = root / "1-of-2"
    pairs_in(shard / "samples")
    (shard / "plan.jsonl").write_text("")
    (shard / "shard.json").write_text("{}")
    export = pairs_in(root / "train-set/train").parent
    (export / "export.json").write_text(json.dumps({"content": "0", "generator": "medsynth"}))
    bare = pairs_in(root / "cardless/train").parent
    (bare / "samples.csv").write_text("id,split,origin,group,sources\n")
    run_in(root / "demo/run")
    pairs_in(root / "demo/data")
    for name in ("result.json", "contact-sheet.png"):
        (root / "demo" / name).write_bytes(b"{}")
    index = build(root)
    assert [item.id for item in index.items] == [f"p{i}" for i in range(6)]
    (note,) = [note for note in index.notes if note.code == "medsynth-folders"]
    assert (note.severity, note.count) == ("note", 8)
    assert note.examples == (
        "1-of-2 (a shard of samples)",
        "cardless (an export)",
        "copied (samples of a run)",
        "demo (a demo)",
        "images/mine (a run)",
    )


def test_a_folder_of_such_folders_alone_says_so(tmp_path):
    run_in(tmp_path / "runs/data-1")
    with pytest.raises(InputError) as caught:
        build(tmp_path)
    assert "holds 1 folder written by medsynth, not read as data: runs/data-1 (a run)" in (
        caught.value.what
    )
    assert "Give an export itself as DATA" in caught.value.tip


@pytest.mark.parametrize(
    ("below", "says"),
    [
        (".", "holds a run"),
        ("samples", "lies in"),
        ("samples/images", "lies in"),
    ],
)
def test_a_run_or_a_part_of_it_is_refused(tmp_path, below, says):
    run = run_in(tmp_path / "my run")
    with pytest.raises(InputError, match="images in it are synthetic") as caught:
        build(run / below)
    assert says in caught.value.what
    assert f"medsynth export --format folder --run '{run}'" in caught.value.tip


def test_folders_of_a_run_are_refused_where_they_are_told(make_pairs, tmp_path):
    root = make_pairs(3)
    samples = run_in(tmp_path / "runs/a") / "samples"
    told = {kind: str(samples / kind) for kind in ("images", "masks")}
    with pytest.raises(InputError, match="images in it are synthetic"):
        build(root, **told)


def test_a_crashed_store_and_perturbed_masks_are_refused(tmp_path):
    store = pairs_in(tmp_path / "store")
    (store / "manifest.jsonl").write_text("")
    with pytest.raises(InputError, match="holds samples of a run"):
        build(store)
    (store / "perturb.json").write_text("{}")
    with pytest.raises(InputError, match="masks of medsynth perturb") as caught:
        build(store)
    assert f"medsynth augment --masks {store}" in caught.value.tip


def test_files_of_others_with_such_names_hide_nothing(make_pairs):
    root = make_pairs(4, "set/images/p{i}.png", "set/masks/p{i}.png")
    for folder in (root, root / "set"):
        (folder / "manifest.jsonl").write_text('{"path": "images/p0.png"}\n')
        (folder / "export.json").write_text('{"content": "x-rays"}')
        (folder / "recipe.yaml").write_text("data: {size: 32}\n")
        (folder / "samples.csv").write_text("stem,kind\np0,a\n")
        (folder / "result.json").write_text("{}")
        (folder / "run").mkdir()
    index = build(root)
    assert len(index.items) == 4
    assert not [note for note in index.notes if note.code == "medsynth-folders"]
