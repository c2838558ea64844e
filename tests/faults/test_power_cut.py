"""After a power cut at any moment, whatever the disk has forgotten, a run opens and goes on."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from medsynth.core.keys import key_of
from medsynth.core.types import Mask, Sample
from medsynth.exporters.deliver import deliver
from medsynth.exporters.options import ExportOptions
from medsynth.io.atomic import write_text
from medsynth.io.runs import Run
from medsynth.store.journal import Journal
from medsynth.store.lineage import Lineage
from medsynth.store.samples import NewSample, SampleStore
from medsynth.training.checkpoints import PARTS, Checkpoints, CheckpointState
from medsynth.workflows.export.export import run_export_set
from medsynth.workflows.fit.fit import FitConfig, fit
from medsynth.workflows.fit.opening import open_run
from medsynth.workflows.model import load_codec

from .forgetful import ForgetfulDisk, lay_out
from .trees import files, strays


def quiet(*_):
    """Progress that nobody sees."""


@pytest.fixture
def disk(tmp_path):
    (tmp_path / "disk").mkdir()
    return ForgetfulDisk(tmp_path / "disk")


def sample(index):
    rng = np.random.default_rng(index)
    image = rng.integers(0, 256, (6, 5, 3), dtype=np.uint8)
    mask = Mask(rng.integers(0, 2, (6, 5), dtype=np.uint8))
    made = Sample(key_of(index), image, mask, "train", "synthetic", "g")
    return NewSample(made, index, Lineage(("a",), (), 7, "0" * 64, {}, {}))


def test_a_file_is_the_old_one_or_the_new_one(disk, tmp_path):
    path = disk.root / "deep" / "still" / "a.txt"
    write_text(path, "old")
    with disk.watching():
        write_text(path, "new")
    for how, left in disk.lefts:
        found = (lay_out(left, tmp_path / "left") / "deep" / "still" / "a.txt").read_text()
        assert found in ("old", "new"), how
    assert found == "new"


def test_rows_that_were_appended_are_there(disk, tmp_path):
    journal, promised = Journal(disk.root / "run" / "plan.jsonl"), []
    with disk.watching():
        for k in range(3):
            journal.append([{"k": k}])
            promised.append(len(disk.lefts))
    for moment, (how, left) in enumerate(disk.lefts):
        journal = Journal(lay_out(left, tmp_path / "left") / "run" / "plan.jsonl")
        assert len(journal) >= sum(moment >= done for done in promised), how
        journal.append([{"k": k} for k in range(len(journal), 3)])
        assert [row["k"] for row in Journal(journal.path)] == [0, 1, 2], how


def test_samples_that_were_added_are_there_and_the_others_are_made_again(disk, tmp_path):
    promised = []
    with disk.watching():
        store = SampleStore(disk.root / "run" / "samples")
        for k in range(3):
            store.add([sample(2 * k), sample(2 * k + 1)])
            promised.append(len(disk.lefts))
    whole = files(disk.root)
    for moment, (how, left) in enumerate(disk.lefts):
        run = lay_out(left, tmp_path / "left")
        store = SampleStore(run / "run" / "samples")
        assert len(store) >= 2 * sum(moment >= done for done in promised), how
        assert len(list(store.samples(verify=True))) == len(store), how
        store.add([sample(k) for k in range(len(store), 6)])
        assert files(run) == whole, how
        assert strays(run) == [], how


def test_the_last_checkpoint_that_was_saved_is_there(disk, tmp_path):
    parts = [{name: {"x": torch.full((9,), float(k))} for name in PARTS} for k in range(4)]
    promised = []
    with disk.watching():
        checkpoints = Checkpoints(disk.root / "run" / "checkpoints", keep=1)
        for step in range(4):
            state = CheckpointState("siamese", step, {"siamese": 4}, "hash")
            checkpoints.save(state, parts[step])
            promised.append(len(disk.lefts))
    for moment, (how, left) in enumerate(disk.lefts):
        checkpoints = Checkpoints(lay_out(left, tmp_path / "left") / "run" / "checkpoints", keep=1)
        found, saved = checkpoints.latest(), sum(moment >= done for done in promised)
        assert (found.step if found else -1) >= saved - 1, how
        checkpoints.save(CheckpointState("siamese", 9, {"siamese": 4}, "hash"), parts[0])
        assert [state.step for state in checkpoints.states()] == [9], how
        assert strays(tmp_path / "left") == [], how


@pytest.mark.parametrize("name", ["coco", "webdataset"])
def test_an_export_is_the_old_one_or_the_new_one(name, disk, tmp_path, augmented):
    new = run_export_set(Run(augmented.run), ExportOptions())
    old = replace(new, rows=new.rows[:4])
    out = disk.root / "out"
    deliver(name, old, out, ExportOptions(), quiet)
    before = files(out)
    with disk.watching():
        deliver(name, new, out, ExportOptions(), quiet, overwrite=True)
    after, moments = files(out), disk.lefts[:: max(1, len(disk.lefts) // 12)]
    for how, left in (*moments, disk.lefts[-1]):
        folder = lay_out(left, tmp_path / "left")
        assert files(folder / "out") in (before, after, {}), how
        deliver(name, new, folder / "out", ExportOptions(), quiet, overwrite=True)
        assert files(folder / "out") == after, how
        assert [path.name for path in folder.iterdir()] == ["out"], how


def test_a_fit_opens_after_every_moment_and_goes_on(disk, tmp_path, fitted, recipe, monkeypatch):
    monkeypatch.chdir(disk.root)
    new = FitConfig(fitted.data, str(recipe), Path("run"), device="cpu")
    with disk.watching():
        fit(new, quiet)
    whole = Checkpoints(disk.root / "run" / "checkpoints").latest()
    moments = disk.lefts[:: len(disk.lefts) // 16]
    for moment, (_, left) in enumerate(moments):
        monkeypatch.chdir(lay_out(left, tmp_path / f"left-{moment}"))
        begun = "run/recipe.yaml" in left
        config = replace(FitConfig(run=Path("run"), device="cpu"), resume=True) if begun else new
        run, found, _ = open_run(config, quiet)
        if begun:
            load_codec(run, found, 3)
            Checkpoints(run.checkpoints).latest()
        if moment == len(moments) // 2:
            fit(config, quiet)
            assert Checkpoints(run.checkpoints).latest() == whole
            assert strays(Path()) == []
