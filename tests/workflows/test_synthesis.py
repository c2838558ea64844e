"""Synthesis: items do not depend on whom they are made with, and memory may run out."""

import numpy as np
import pytest
import torch

from medsynth.core.errors import InputError
from medsynth.data.index import DataIndex
from medsynth.io.runs import Run
from medsynth.quality.gates.gate import Verdict
from medsynth.store.items import GivenUp, NewSample
from medsynth.workflows.augment import synthesis as module
from medsynth.workflows.augment.planned_work import PlannedWork
from medsynth.workflows.augment.synthesis import Synthesis, image_seed
from medsynth.workflows.gates import Judgement
from medsynth.workflows.model import load_fitted
from medsynth.workflows.recipe import read_run_recipe

FAILED = Judgement({"trivial": Verdict(0.0, 1.0, None)}, ("trivial",))
PASSED = Judgement({"trivial": Verdict(2.0, 1.0, None)}, ())


@pytest.fixture
def parts(own_run):
    run = Run(own_run)
    recipe, index = read_run_recipe(run), DataIndex.load(own_run)
    fitted = load_fitted(run, recipe, index)
    block = PlannedWork(run, recipe, index, 0).block(0)

    def synthesis(judge=None, max_redraws=2, **sampling):
        options = recipe.sampling.model_copy(update=sampling)
        return Synthesis(
            fitted, options, 0, judge or (lambda pairs: [PASSED] * len(pairs)), max_redraws
        )

    return synthesis, block


def images(outcomes):
    return np.stack([each.sample.image for each in outcomes]).astype(int)


def test_an_image_is_the_same_in_any_batch_and_order(parts):
    synthesis, block = parts
    whole = images(synthesis().make(block))
    alone = np.concatenate([images(synthesis().make([each])) for each in block])
    backwards = images(synthesis().make(block[::-1]))[::-1]
    assert np.abs(whole - alone).max() <= 1
    assert np.abs(whole - backwards).max() <= 1
    assert image_seed(0, "a", 0) != image_seed(0, "a", 1) != image_seed(0, "b", 1)


def test_a_batch_is_halved_where_memory_runs_out(parts, monkeypatch):
    synthesis, block = parts
    whole = images(synthesis().make(block))
    sizes, real = [], module.synthesize_latents

    def small_memory(network, codec, hints, *rest):
        sizes.append(len(hints))
        if len(hints) > 1:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return real(network, codec, hints, *rest)

    monkeypatch.setattr(module, "synthesize_latents", small_memory)
    job = synthesis()
    assert np.abs(images(job.make(block)) - whole).max() <= 1
    assert sizes[:3] == [4, 2, 1]
    assert job.chunk == 1
    job.make(block)
    assert set(sizes[7:]) == {1}  # it does not try again what does not fit

    def no_memory(*_):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(module, "synthesize_latents", no_memory)
    with pytest.raises(InputError, match="too little memory for a single image"):
        synthesis().make(block)


def test_what_is_refused_is_made_anew_then_given_up(parts):
    synthesis, block = parts
    calls = []

    def judge(pairs):
        calls.append(len(pairs))
        if len(calls) == 1:
            return [PASSED, FAILED, FAILED, PASSED]
        return [FAILED, PASSED] if len(calls) == 2 else [FAILED]

    outcomes = synthesis(judge).make(block)
    assert calls == [4, 2, 1]
    kinds = [type(each) for each in outcomes]
    assert kinds == [NewSample, GivenUp, NewSample, NewSample]
    lost, found = outcomes[1], outcomes[2]
    assert [each["attempt"] for each in lost.lineage.gates["refused"]] == [0, 1, 2]
    assert found.lineage.gates["attempt"] == 1
    assert found.lineage.gates["refused"] == [{"attempt": 0, "gate": "trivial", "score": 0.0}]
    first = images(synthesis().make(block))[2]
    assert np.abs(found.sample.image.astype(int) - first).max() > 1  # another seed
    assert lost.shows["area_px"] == int((block[1].mask.labels > 0).sum())


def test_guidance_acts_in_its_interval_alone(parts):
    synthesis, block = parts
    plain = images(synthesis().make(block))
    whole = images(synthesis(guidance_scale=60.0).make(block))
    nowhere = synthesis(guidance_scale=60.0, guidance_from=0.0001, guidance_to=0.0002)
    part = images(synthesis(guidance_scale=60.0, guidance_to=0.7, steps=4).make(block))
    assert np.abs(whole - plain).max() > 1
    assert np.array_equal(images(nowhere.make(block)), plain)
    assert not np.array_equal(part, whole)
