"""Checkpoints are whole or not there."""

import json
import shutil

import pytest
import torch

from medsynth.core.errors import InputError
from medsynth.io.atomic import TEMPORARY_PREFIX
from medsynth.training import checkpoints as module
from medsynth.training.checkpoints import (
    PARTS,
    Checkpoints,
    CheckpointState,
    load_tensors,
    save_tensors,
)

PLANNED = {"base": 10, "siamese": 20}


def state(phase, step, **more):
    return CheckpointState(phase, step, PLANNED, "hash", **more)


def parts(value):
    return {
        name: {"x": torch.full((50,), float(value)), "y": torch.arange(k, k + 3)}
        for k, name in enumerate(PARTS)
    }


def names(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def saved(tmp_path):
    """Three checkpoints, all kept."""
    store = Checkpoints(tmp_path, keep=9)
    for step in (2, 4, 6):
        store.save(state("base", step), parts(step))
    return store


def test_what_was_saved_comes_back(saved):
    last = saved.latest()
    assert (last.phase, last.step, last.planned, last.name) == ("base", 6, PLANNED, "base-0000006")
    assert [s.step for s in saved.states()] == [2, 4, 6]
    loaded = saved.load(last, "average")
    assert torch.equal(loaded["x"], torch.full((50,), 6.0))
    assert loaded["y"].dtype == torch.int64


def test_weights_that_are_their_own_average_are_written_once(tmp_path):
    store = Checkpoints(tmp_path)
    given = parts(1)
    del given["average"]
    written = store.save(state("base", 1), given)
    files = sorted(path.name for path in (tmp_path / "base-0000001").iterdir())
    assert files == ["optimizer.safetensors", "state.json", "weights.safetensors"]
    assert written.sha256["average"] == written.sha256["weights"]  # what shards are told apart by
    assert store.latest() == written
    assert torch.equal(store.load(written, "average")["y"], given["weights"]["y"])
    path = tmp_path / "base-0000001" / "weights.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match="damaged"):
        store.latest()


def test_the_state_comes_back_with_its_best(tmp_path):
    store = Checkpoints(tmp_path)
    written = store.save(state("siamese", 1, val_loss=0.5, best=("siamese-0000001", 0.5)), parts(1))
    assert store.state(written.name) == written
    assert store.latest() == written


def test_the_siamese_phase_comes_after_the_base_one(tmp_path):
    store = Checkpoints(tmp_path, keep=9)
    store.save(state("siamese", 1), parts(1))
    store.save(state("base", 10), parts(2))
    assert store.latest().name == "siamese-0000001"


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("harm", ["truncated", "emptied", "bit flipped", "removed"])
def test_damage_goes_back_to_the_checkpoint_before(saved, part, harm):
    path = saved.folder / "base-0000006" / f"{part}.safetensors"
    data = bytearray(path.read_bytes())
    if harm == "truncated":
        path.write_bytes(data[: len(data) // 2])
    elif harm == "emptied":
        path.write_bytes(b"")
    elif harm == "bit flipped":
        data[-5] ^= 1
        path.write_bytes(data)
    else:
        path.unlink()
    assert saved.latest().name == "base-0000004"
    with pytest.raises(InputError) as caught:
        saved.load(saved.state("base-0000006"), part)
    assert str(path) in caught.value.what
    assert "go on from an earlier checkpoint" in caught.value.tip


def test_where_none_is_whole_it_says_so(saved):
    for path in saved.folder.glob("*/weights.safetensors"):
        path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(InputError, match=r"base-0000006.*damaged"):
        saved.latest()


def test_unfinished_folders_are_passed_over_and_cleared(saved):
    unfinished = saved.folder / (TEMPORARY_PREFIX + "base-0000008")
    shutil.copytree(saved.folder / "base-0000006", unfinished)
    (saved.folder / "base-0000009").mkdir()
    shutil.copy(saved.folder / "base-0000006/weights.safetensors", saved.folder / "base-0000009")
    (saved.folder / "codec.safetensors").write_bytes(b"x")
    assert [s.step for s in saved.states()] == [2, 4, 6]
    assert saved.latest().step == 6
    saved.save(state("base", 8), parts(8))
    assert saved.latest().step == 8
    assert not unfinished.exists()
    assert (saved.folder / "codec.safetensors").is_file()
    saved.save(state("base", 9), parts(9))
    assert saved.latest().step == 9


def test_no_checkpoint_yet(tmp_path):
    assert Checkpoints(tmp_path / "gone").latest() is None
    assert Checkpoints(tmp_path / "gone").states() == []


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"phase": "base"}', '{"best": null, "odd": 1}'])
def test_a_damaged_state_is_told_with_its_file(saved, text):
    path = saved.folder / "base-0000006" / "state.json"
    path.write_text(text)
    with pytest.raises(InputError, match="is not a checkpoint's state") as caught:
        saved.state("base-0000006")
    assert str(path) in caught.value.what
    with pytest.raises(InputError, match="is not a checkpoint's state"):
        saved.latest()


def test_an_unknown_phase_is_told(saved):
    path = saved.folder / "base-0000006" / "state.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"phase": "third"}))
    with pytest.raises(InputError, match="is not a checkpoint's state"):
        saved.latest()


@pytest.mark.parametrize(
    ("best", "name"),
    [
        (None, "siamese-0000004"),
        (("siamese-0000002", 0.1), "siamese-0000002"),
        (("base-0000003", 0.1), "siamese-0000004"),
    ],
)
def test_the_best_of_a_phase_is_its_last_where_nobody_measured(best, name):
    last = state("siamese", 4, best=best)
    assert last.called("last") == "siamese-0000004"
    assert last.called("best") == name


def test_the_newest_the_best_and_the_end_of_the_base_are_kept(tmp_path):
    store = Checkpoints(tmp_path, keep=2)
    for step in (5, 10):
        store.save(state("base", step), parts(step))
    best = None
    for step in range(1, 7):
        best = ("siamese-0000002", 0.1) if step >= 2 else ("siamese-0000001", 0.2)
        store.save(state("siamese", step, best=best), parts(step))
    assert names(tmp_path) == [
        "base-0000010", "siamese-0000002", "siamese-0000005", "siamese-0000006",
    ]  # fmt: skip


@pytest.mark.parametrize("keep", [1, 2, 3])
def test_so_many_are_kept(tmp_path, keep):
    store = Checkpoints(tmp_path, keep=keep)
    for step in range(1, 6):
        store.save(state("base", step), parts(step))
    assert [s.step for s in store.states()] == [*range(6 - keep, 6)]


@pytest.mark.parametrize("point", [1, 2, 3, 4])
def test_a_failure_while_saving_leaves_the_checkpoints_as_they_were(saved, monkeypatch, point):
    """The third weights file, say, finds the disk full; the folder never appears."""
    before = {p: p.read_bytes() for p in saved.folder.rglob("*") if p.is_file()}
    calls = []

    def count(path, *arguments):
        calls.append(path)
        if len(calls) == point:
            raise OSError(28, "No space left on device")
        return original(path, *arguments)

    name = "write_bytes" if point < 4 else "write_json"
    original = getattr(module, name)
    if point == 4:
        calls = [None] * 3
    monkeypatch.setattr(module, name, count)
    with pytest.raises(OSError, match="No space"):
        saved.save(state("base", 8), parts(8))
    monkeypatch.undo()
    after = {p: p.read_bytes() for p in saved.folder.glob("[!.]*/*")}
    assert after == before
    assert saved.latest().step == 6


def test_equal_tensors_make_equal_files(tmp_path):
    values = {"b": torch.arange(6.0).view(2, 3).T, "a": torch.ones(2)}
    first = save_tensors(tmp_path / "1", values)
    second = save_tensors(tmp_path / "2", dict(reversed(values.items())))
    assert first == second
    assert torch.equal(load_tensors(tmp_path / "1", first)["b"], values["b"])
    with pytest.raises(InputError, match="its hash is not the one recorded"):
        load_tensors(tmp_path / "1", "0" * 64)
