import pytest
import torch

from medsynth.model.compact import build_network
from medsynth.model.schedule_options import ScheduleOptions
from medsynth.training.measure import Cost, measure_cost, peak_memory_bytes, seconds, steps_within
from medsynth.training.phase import own_tensors

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
