import gc
import weakref

import pytest
import torch

from medsynth.model.compact import build_network
from medsynth.model.schedule_options import ScheduleOptions
from medsynth.training import measure as module
from medsynth.training.latents import Latents
from medsynth.training.measure import (
    MEASURED_STEPS,
    Cost,
    Encoding,
    measure_cost,
    peak_memory_bytes,
    seconds,
    steps_within,
)
from medsynth.training.phase import Phase, own_tensors

from .tiny import COMPACT, arrays, batches, plan


def test_a_fit_is_measured_on_both_phases():
    what = plan(30, 40)
    network = build_network(COMPACT, ScheduleOptions(), torch.ones(4))
    cost = measure_cost(network, batches(arrays(5), what.training), what)
    assert cost.base_step_s > 0
    assert cost.siamese_step_s > cost.base_step_s
    assert cost.peak_memory_bytes > 10**7
    weights = 4 * sum(t.numel() for t in own_tensors(network).values())
    trained = 4 * sum(p.numel() for p in network.parameters() if p.requires_grad)
    assert cost.disk_bytes == (weights + 3 * trained) * (what.training.keep_checkpoints + 2)


def test_phases_are_measured_one_after_the_other(monkeypatch):
    """No base is made that is not fitted; one that is does not stay beside the Siamese phase."""
    made, alive = [], []

    class Watched(Phase):
        def __init__(self, name, *rest):
            gc.collect()
            alive.append([(each().name) for each in made if each() is not None])
            super().__init__(name, *rest)
            made.append(weakref.ref(self))

    monkeypatch.setattr(module, "Phase", Watched)
    for base, expected in ((0, [[]]), (3, [[], []])):
        made.clear()
        alive.clear()
        what = plan(base, 4)
        network = build_network(COMPACT, ScheduleOptions(), torch.ones(4))
        measure_cost(network, batches(arrays(5), what.training), what)
        assert alive == expected
        assert all(p.grad is None for p in network.parameters())


def test_images_that_are_encoded_once_are_not_charged_to_each_step(monkeypatch):
    timed, encoded, real = [], [], Latents.encoded

    def seconds(step, device):
        timed.append([])
        for k in range(MEASURED_STEPS + 1):
            step(k)
        return float(len(timed))  # of an image, of a base step, of a Siamese step

    def encode(self, images):
        encoded.append(len(images))
        if timed:
            timed[-1].append("encoded")
        return real(self, images)

    monkeypatch.setattr(module, "seconds", seconds)
    monkeypatch.setattr(Latents, "encoded", encode)
    what = plan(30, 40)
    network = build_network(COMPACT, ScheduleOptions(), torch.ones(4))
    remembered = batches(arrays(5), what.training, remember=True)
    for k in range(MEASURED_STEPS + 1):
        remembered.batch("measure", k)
    timed.clear()
    cost = measure_cost(network, remembered, what)
    assert timed[0] == ["encoded"] * (MEASURED_STEPS + 1)
    assert timed[1:] == [[], []]
    assert cost.encoding == Encoding(1.0, 5 * 8, 3)
    assert (cost.base_step_s, cost.siamese_step_s) == (2.0, 3.0)
    assert cost.fit_s(30, 40) == 30 * 2 + 40 * 3 + 40
    assert cost.fit_s(1, 1) == 2 + 3 + 6  # no more than are met


@pytest.mark.parametrize("budget_s", [8.0, 30.0, 500.0])
def test_a_budget_pays_for_encoding_once(budget_s):
    cost = Cost(0.2, 0.4, 0, 0, Encoding(0.05, 100, 10))
    base, siamese = steps_within(budget_s, cost, 100, 200)
    assert cost.fit_s(base, siamese) == pytest.approx(budget_s, abs=2.5)
    assert cost.fit_s(base, siamese) <= budget_s + 1e-6


@pytest.mark.parametrize(
    ("budget_s", "expected"), [(100, (100, 200)), (50, (50, 100)), (0.001, (1, 1))]
)
def test_steps_fill_a_budget_in_proportion(budget_s, expected):
    cost = Cost(0.2, 0.4, 0, 0)
    assert cost.fit_s(100, 200) == pytest.approx(100)
    assert steps_within(budget_s, cost, 100, 200) == expected


def test_no_base_stays_no_base():
    assert steps_within(10, Cost(1, 0.5, 0, 0), 0, 100) == (0, 20)


def test_the_first_call_is_not_timed():
    calls = []
    assert seconds(calls.append) >= 0
    assert calls == [0, 1, 2, 3]
    assert peak_memory_bytes() > 0
