"""augment: the same bytes, however often it was stopped, and honest records."""

import json
import os
import shutil
import signal
import weakref
from pathlib import Path

import numpy as np
import pytest
import torch

from medsynth.core.errors import (
    InputError,
    InterruptedRunError,
    NothingAcceptableError,
    UsageError,
)
from medsynth.data.index import DataIndex
from medsynth.io.images import read_png
from medsynth.io.runs import Run
from medsynth.masks.fingerprint import mask_sha256
from medsynth.masks.plan_entry import PlanEntry
from medsynth.sampling.sampler import synthesize_latents
from medsynth.store.journal import Journal
from medsynth.store.samples import SampleStore
from medsynth.workflows.augment import here, synthesis
from medsynth.workflows.augment.augment import AugmentConfig, augment
from medsynth.workflows.augment.halving import halving
from medsynth.workflows.augment.making import load_making
from medsynth.workflows.fit.fit import FitConfig, fit
from medsynth.workflows.recipe import read_run_recipe

N = 9


def quiet(done, total, text):
    """Progress that nobody sees."""


def make(run, n=N, report=quiet, **more):
    return augment(AugmentConfig(n, run, device="cpu", **more), report)


def samples(run):
    """Everything below samples/, by name."""
    folder = Path(run) / "samples"
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def nine(fitted, tmp_path_factory):
    """The bytes of nine samples that were made in one go."""
    folder = tmp_path_factory.mktemp("nine")
    run = Path(shutil.copytree(fitted.run, folder / "run"))
    before = Path.cwd()
    os.chdir(folder)
    try:
        result = make(run)
    finally:
        os.chdir(before)
    assert (result.accepted, result.given_up, result.made) == (N, 0, N)
    return samples(run)


def test_more_samples_leave_the_first_as_they_were(own_augmented, nine):
    before = samples(own_augmented)
    assert len([name for name in before if name.startswith("images/")]) == 6
    result = make(own_augmented)
    assert (result.accepted, result.made) == (N, 3)
    after = samples(own_augmented)
    for name, data in before.items():
        assert after[name][: len(data)] == data
        assert name == "manifest.jsonl" or after[name] == data
    assert after == nine


@pytest.mark.parametrize("n", [1, 4, 5, 8])
def test_steps_of_any_size_come_to_the_same(own_run, nine, n):
    make(own_run, n)
    assert len(SampleStore(own_run / "samples")) == n
    make(own_run)
    assert samples(own_run) == nine


def test_stopped_after_a_block_it_goes_on_to_the_same_bytes(own_run, nine):
    """The block that is under way meanwhile is finished: nothing that was made is lost."""
    told = []

    def report(done, total, text):
        told.append(done)
        if len(told) == 1:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(InterruptedRunError, match=f"stopped with 8 of {N}") as caught:
        make(own_run, report=report)
    assert caught.value.tip == f"Go on with it: medsynth augment --n {N} --run {own_run}"
    assert len(SampleStore(own_run / "samples")) == 8
    make(own_run)
    assert samples(own_run) == nine


@pytest.mark.parametrize("cut", [1, 40, 700, 5000])
def test_a_truncated_manifest_is_made_whole(own_run, nine, cut):
    make(own_run)
    path = own_run / "samples" / "manifest.jsonl"
    path.write_bytes(path.read_bytes()[:-cut])
    (own_run / "samples" / "images" / ".medsynth-tmp-x").write_bytes(b"half")
    make(own_run)
    assert samples(own_run) == nine


def test_a_kill_between_files_and_manifest_is_made_good(own_run, nine):
    """Pictures without a line: what a kill leaves between the two."""
    make(own_run, 4)
    for name, data in nine.items():
        if name.startswith(("images/", "masks/")):
            (own_run / "samples" / name).write_bytes(data[:50])
    path = own_run / "samples" / "manifest.jsonl"
    path.unlink()
    make(own_run)
    assert samples(own_run) == nine


@pytest.mark.parametrize("cut", [1, 3000])
def test_a_truncated_plan_is_planned_again(own_run, nine, cut):
    make(own_run, 4)
    plan = own_run / "plan.jsonl"
    whole = plan.read_bytes()
    plan.write_bytes(whole[:-cut])
    make(own_run)
    assert samples(own_run) == nine
    assert plan.read_bytes().startswith(whole[:-cut])


def test_a_plan_without_samples_is_forgotten(own_run, nine):
    """An augment with another seed was stopped before its first sample."""
    make(own_run, 4, seed=99)
    shutil.rmtree(own_run / "samples")
    make(own_run)
    assert samples(own_run) == nine


def test_enough_is_enough(own_augmented):
    before = samples(own_augmented)
    assert make(own_augmented, 6).made == 0
    assert samples(own_augmented) == before
    with pytest.raises(UsageError, match="has 6 samples already, more than --n 5"):
        make(own_augmented, 5)
    with pytest.raises(UsageError, match="at least 1, not 0"):
        make(own_augmented, 0)
    assert samples(own_augmented) == before


def test_images_and_masks_are_those_of_the_plan(augmented):
    index = DataIndex.load(augmented.run)
    train = {item.id: item for item in index.split("train")}
    plan = [PlanEntry.from_json(row) for row in Journal(augmented.run / "plan.jsonl")]
    store = SampleStore(augmented.run / "samples")
    found = list(store.samples(verify=True))
    assert [s.id for s in found] == [entry.key for entry in plan[:6]]
    for sample, entry, row in zip(found, plan, store.rows(), strict=False):
        assert mask_sha256(sample.mask) == entry.mask_sha256
        assert sample.image.shape == (32, 32, 3)
        assert (sample.split, sample.origin) == ("train", "synthetic")
        assert set(entry.source_ids()) <= train.keys()
        assert row.lineage.sources == entry.source_ids()
        assert row.lineage.seed == 0
        assert len(row.lineage.checkpoint_sha256) == 64
        assert row.lineage.sampler["steps"] == 2
        assert row.lineage.sampler["checkpoint"] == "siamese-0000004"
        assert [step.to_json() for step in entry.steps] == list(row.lineage.steps)
        assert sample.group.split("+")[0] == train[entry.source].group
    assert len({entry.mask_sha256 for entry in plan}) == len(plan)


def test_masks_follow_the_recipe_of_the_plan(own_run):
    """With no operator every mask is that of its source."""
    make(own_run, 3, sets=("masks.policy=[]", "masks.max_redraws=0"))
    sources = {i.id: i for i in DataIndex.load(own_run).split("train")}
    for row in SampleStore(own_run / "samples").rows():
        (source,) = row.lineage.sources
        mask = read_png(own_run / "samples" / "masks" / f"{row.id}.png")
        root = DataIndex.load(own_run).root
        assert np.array_equal(mask > 0, read_png(root / sources[source].masks[0]) > 0)


def test_another_seed_makes_other_samples(own_run, nine):
    make(own_run, seed=5)
    other = samples(own_run)
    images = [name for name in nine if name.startswith("images/")]
    assert len(images) == N
    assert all(other[name] != nine[name] for name in images)
    with pytest.raises(InputError, match="made with seed 5, not 0") as caught:
        make(own_run, N + 1)
    assert "--seed" in caught.value.tip


def test_other_weights_do_not_add_to_samples(own_augmented, fitted, recipe):
    shutil.rmtree(own_augmented / "checkpoints")
    other = fit(FitConfig(fitted.data, str(recipe), Path("other"), ("seed=1",)), quiet)
    for name in ("checkpoints", "recipe.yaml", "run.json", "index.json", "items.jsonl"):
        source = other.run / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, own_augmented / name)
    with pytest.raises(InputError, match="not those that made its first samples"):
        make(own_augmented)


def test_options_of_the_fit_cannot_be_set(own_run):
    with pytest.raises(UsageError, match=r"augment can set sampling\.\*, masks\.\*, gates\."):
        make(own_run, sets=("siamese.steps=3",))
    with pytest.raises(UsageError, match=r"unknown key 'sampling\.stpes': did you mean 'steps'"):
        make(own_run, sets=("sampling.stpes=3",))
    assert samples(own_run) == {}
    assert not (own_run / "plan.jsonl").exists()


def test_guidance_needs_a_fit_that_dropped_hints(own_run, nine, fitted, recipe):
    make(own_run, 4, sets=("sampling.guidance_scale=3",))
    assert samples(own_run)["images/s0000001.png"] != nine["images/s0000001.png"]
    without = FitConfig(fitted.data, str(recipe), Path("without"), ("siamese.hint_dropout=0",))
    run = fit(without, quiet).run
    with pytest.raises(UsageError, match="has no guidance") as caught:
        make(run, sets=("sampling.guidance_scale=3",))
    assert "siamese.hint_dropout" in caught.value.tip


def test_decoding_is_halved_where_its_memory_runs_out(own_run, nine, monkeypatch):
    """Apart from denoising, which may take as many as before."""
    sizes, real, denoised = [], synthesis.decode_images, []

    def small_memory(codec, latents, at_once):
        sizes.append(at_once)
        if min(len(latents), at_once) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(codec, latents, at_once)

    def noted(network, codec, hints, *rest):
        denoised.append(len(hints))
        return synthesize_latents(network, codec, hints, *rest)

    monkeypatch.setattr(synthesis, "decode_images", small_memory)
    monkeypatch.setattr(synthesis, "synthesize_latents", noted)
    assert make(own_run).accepted == N
    assert sizes == [4, 2, 1, 1, 1]  # what did not fit once is not tried again
    assert denoised == [4, 4, 4]
    assert sorted(samples(own_run)) == sorted(nine)

    def no_memory(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(synthesis, "decode_images", no_memory)
    with pytest.raises(InputError, match="too little memory for a single image"):
        make(own_run, N + 4)


def test_the_cache_is_emptied_when_nothing_holds_the_tensors_any_more(monkeypatch):
    class Tensor:
        pass

    made, alive = [], []

    def make(size):
        tensor = Tensor()
        made.append(weakref.ref(tensor))
        if size > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return size

    def emptied():
        alive.append(sum(each() is not None for each in made))

    monkeypatch.setattr(torch.cuda, "empty_cache", emptied)
    assert halving(make, 7, torch.device("cuda")) == (2, 2)
    assert alive == [0, 0]


@pytest.mark.parametrize("idle", [False, True])
def test_who_makes_no_images_leaves_the_model_on_the_cpu(fitted, idle):
    run = Run(fitted.run)
    making = load_making(
        run, read_run_recipe(run), None, torch.device("meta"), lambda *_: None, idle=idle
    )
    for part in (making.fitted.network, making.fitted.codec):
        devices = {tensor.device.type for tensor in part.state_dict().values()}
        assert devices == {"cpu" if idle else "meta"}


@pytest.mark.parametrize(("engine", "idle"), [("local", False), ("ray", True)])
def test_an_engine_elsewhere_leaves_this_process_idle(own_run, monkeypatch, engine, idle):
    asked = []

    def loaded(*_, **more):
        asked.append(more)
        raise InputError("enough")

    monkeypatch.setattr(here, "load_making", loaded)
    run = Run(own_run)
    config = AugmentConfig(2, own_run, device="cpu", engine=engine)
    with pytest.raises(InputError, match="enough"):
        here.augment_here(run, read_run_recipe(run), config, quiet)
    assert asked == [{"idle": idle}]


@pytest.mark.parametrize(
    ("which", "expected"), [("last", "siamese-0000004"), ("best", "siamese-0000002")]
)
def test_last_or_best_weights(own_run, nine, which, expected):
    path = own_run / "checkpoints" / "siamese-0000004" / "state.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"best": ["siamese-0000002", 0.1]}))
    make(own_run, 1, sets=(f"sampling.checkpoint={which}",))
    row = next(SampleStore(own_run / "samples").rows())
    assert row.lineage.sampler["checkpoint"] == expected
    same = samples(own_run)["images/s0000001.png"] == nine["images/s0000001.png"]
    assert same == (which == "last")


def test_two_at_once_are_refused(own_run):
    with Run(own_run).lock("fit"), pytest.raises(InputError, match="in use by medsynth fit"):
        make(own_run)
    assert samples(own_run) == {}


def test_the_latest_run_is_the_one_that_was_augmented(own_run):
    make(own_run, 1)
    assert augment(AugmentConfig(2), quiet).run == own_run.resolve()


def test_flat_images_are_given_up_and_too_many_end_the_work(tmp_path, recipe, blobs):
    """Images of one colour give a model of one colour."""
    from PIL import Image

    data = blobs(n=6)
    for path in data.glob("images/*.png"):
        Image.new("RGB", (32, 32), (200, 120, 40)).save(path)
    run = fit(FitConfig(data, str(recipe), tmp_path / "flat"), quiet).run
    with pytest.raises(NothingAcceptableError, match="only 0 of 8 masks got an") as caught:
        make(run)
    assert caught.value.exit_code == 4
    store = SampleStore(run / "samples")
    assert (len(store), store.count("given-up")) == (0, 8)
    assert {row.reason for row in store.rows()} == {"trivial"}
    assert not list((run / "samples").rglob("*.png"))
