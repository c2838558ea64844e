import math

import pytest
import torch
from safetensors.torch import load, save
from torch import nn

from medsynth.model.siamese import Rows, StepLosses
from medsynth.training.ema import MovingAverage, warmed_decay
from medsynth.training.optimizer import load_optimizer, optimizer_tensors
from medsynth.training.options import PhaseOptions, TrainingOptions
from medsynth.training.phase import Phase, load_weights, rate_factor


def test_the_rate_warms_up_and_falls_to_a_twentieth():
    options = PhaseOptions(steps=100, warmup_steps=10)
    rates = [rate_factor(step, options) for step in range(100)]
    assert rates[0] == pytest.approx(0.1)
    assert rates[:10] == sorted(rates[:10])
    assert max(rates) == pytest.approx(rates[9], rel=0.05)
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert rates[50] == pytest.approx(0.05 + 0.95 / 2)
    assert rates[99] == pytest.approx(0.05, abs=0.001)
    assert min(rates) > 0


def test_a_constant_rate():
    options = PhaseOptions(steps=100, warmup_steps=4, decay="constant")
    assert [rate_factor(step, options) for step in range(5)] == [0.25, 0.5, 0.75, 1, 1]
    assert rate_factor(99, options) == 1


@pytest.mark.parametrize("values", [{"steps": 1}, {"steps": 0}, {"steps": 5, "warmup_steps": 0}])
def test_rates_at_the_edges(values):
    assert 0 < rate_factor(0, PhaseOptions(**values)) <= 1


def test_the_average_has_a_short_memory_at_first():
    assert [warmed_decay(0.9, step) for step in (0, 1, 8, 1000)] == [0.1, 2 / 11, 0.5, 0.9]
    assert warmed_decay(0.0, 500) == 0


def test_the_average_is_that_of_its_formula():
    module = nn.Linear(2, 1, bias=False)
    average = MovingAverage(module, 0.75)
    expected = module.weight.detach().clone()
    for step in range(40):
        with torch.no_grad():
            module.weight.add_(step)
        average.update(step)
        d = warmed_decay(0.75, step)
        expected = d * expected + (1 - d) * module.weight.detach()
    torch.testing.assert_close(average.average["weight"], expected)


def test_no_decay_is_no_average():
    module = nn.Linear(2, 1)
    average = MovingAverage(module, 0.0)
    with torch.no_grad():
        module.weight.add_(1)
    average.update(0)
    torch.testing.assert_close(average.average["weight"], module.weight.detach())
    assert average.average["weight"].data_ptr() == module.weight.data_ptr()  # nor a copy
    module.weight.data = module.weight.data.clone() + 1  # as bitsandbytes does at its first step
    with average.applied():
        assert average.average["weight"].data_ptr() == module.weight.data_ptr()
    assert torch.equal(average.average["weight"], module.weight)


def test_the_average_is_lent_and_the_weights_come_back():
    module = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 1))
    module[0].requires_grad_(False)
    average = MovingAverage(module, 0.9)
    assert set(average.average) == {"1.weight", "1.bias"}
    before = module[1].weight.detach().clone()
    average.load({"1.weight": torch.full((1, 2), 7.0), "1.bias": torch.zeros(1)})
    stays = average.average["1.weight"].data_ptr()
    with average.applied():
        assert module[1].weight.tolist() == [[7, 7]]
        assert module[1].weight.data_ptr() == stays  # lent itself: no third copy
    assert torch.equal(module[1].weight, before)
    assert average.average["1.weight"].data_ptr() == stays

    def fail():
        with average.applied():
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert torch.equal(module[1].weight, before)


class Nothing:
    """Stands for a batch where the loss looks at none."""

    def to(self, device):
        return self


def nothing(rows):
    return Nothing()


def phase_of(network, loss, **training):
    def objective(batch, progress):
        total = loss(network, progress)
        return StepLosses(total, *[total.detach()] * 4)

    options = PhaseOptions(steps=10, warmup_steps=0, learning_rate=0.1, decay="constant")
    return Phase("base", network, objective, options, TrainingOptions(**training))


def test_the_gradient_is_clipped_and_the_progress_is_told():
    network, seen = nn.Linear(2, 1, bias=False), []

    def loss(module, progress):
        seen.append(progress)
        return 1e6 * module.weight.sum()

    phase = phase_of(network, loss, clip_norm=1.0)
    phase.step(3, nothing)
    assert network.weight.grad.norm().item() == pytest.approx(1, rel=1e-3)
    assert seen == [0.3]
    free = phase_of(network, loss, clip_norm=0.0)
    free.step(0, nothing)
    assert network.weight.grad.norm().item() == pytest.approx(1e6 * math.sqrt(2))


def test_rows_are_found_before_the_batch_goes_to_its_device():
    network, told = nn.Linear(2, 1, bias=False), []

    class Batch:
        device = "cpu"

        def to(self, device):
            moved = Batch()
            moved.device = f"sent to {device}"
            return moved

    class Objective(nn.Module):
        def rows(self, batch, progress):
            told.append((batch.device, progress))
            return Rows(slice(0, 1), torch.tensor([0]))

        def forward(self, batch, progress, rows):
            told.append((batch.device, progress, rows.hinted))
            total = network.weight.sum()
            return StepLosses(total, *[total.detach()] * 4)

    phase = Phase("siamese", network, Objective(), PhaseOptions(steps=2), TrainingOptions())
    phase.step(1, lambda rows: Batch())
    assert told == [("cpu", 0.5), ("sent to cpu", 0.5, slice(0, 1))]


@pytest.mark.parametrize("state", [torch.tensor(5.0), 5], ids=["torch", "bitsandbytes"])
def test_the_count_of_steps_comes_back_as_its_optimizer_holds_it(state):
    parameter = nn.Parameter(torch.zeros(3))
    optimizer = torch.optim.AdamW([parameter])
    optimizer.state[parameter] = {"step": state, "exp_avg": torch.ones(3)}
    stored = optimizer_tensors(optimizer, {"p": parameter})
    again = torch.optim.AdamW([parameter])
    load_optimizer(again, {"p": parameter}, stored)
    assert type(again.state[parameter]["step"]) is type(state)
    assert again.state[parameter]["step"] == 5


def test_what_parameters_share_can_be_stored():
    shared = torch.arange(256.0)
    parameters = {name: nn.Parameter(torch.zeros(3)) for name in "ab"}
    optimizer = torch.optim.AdamW(parameters.values())
    for parameter in parameters.values():
        optimizer.state[parameter] = {"step": 1, "qmap1": shared, "state1": torch.ones(3)}
    back = load(save(optimizer_tensors(optimizer, parameters)))
    assert torch.equal(back["qmap1/b"], shared)


def test_a_fused_optimizer_counts_on_the_device():
    parameter = nn.Parameter(torch.zeros(3, device="meta"))
    stored = {"step/p": torch.tensor(5.0), "exp_avg/p": torch.ones(3, device="meta")}
    for fused, device in ((True, "meta"), (False, "cpu")):
        optimizer = torch.optim.AdamW([parameter])
        optimizer.defaults["fused"] = fused  # torch takes no such device, but holds for CUDA
        load_optimizer(optimizer, {"p": parameter}, stored)
        assert optimizer.state[parameter]["step"].device.type == device


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_no_number_leaves_everything_as_it_was(value):
    network = nn.Linear(2, 1)
    phase = phase_of(network, lambda module, _: module.weight.sum() * value)
    before = {k: v.clone() for k, v in network.state_dict().items()}
    assert not phase.step(0, nothing).total.isfinite()
    assert all(torch.equal(before[k], v) for k, v in network.state_dict().items())
    assert not phase.optimizer.state
    assert torch.equal(phase.average.average["weight"], before["weight"])


def test_tensors_come_back_bit_for_bit():
    torch.manual_seed(0)
    a, b = nn.Conv2d(3, 4, 3), nn.Conv2d(3, 4, 3).to(memory_format=torch.channels_last)

    def loss(module, _):
        return module(torch.ones(1, 3, 4, 4)).square().sum()

    first, second = phase_of(a, loss), phase_of(b, loss)
    for step in range(3):
        first.step(step, nothing)
    second.load(first.tensors())
    theirs = second.tensors()
    for part, values in first.tensors().items():
        assert values.keys() == theirs[part].keys()
        assert all(torch.equal(value, theirs[part][name]) for name, value in values.items())
    assert sorted(first.tensors()["optimizer"])[:2] == ["exp_avg/bias", "exp_avg/weight"]
    assert b.weight.is_contiguous(memory_format=torch.channels_last)


def test_weights_of_another_model_are_refused():
    network = nn.Linear(2, 1)
    with pytest.raises(ValueError, match=r"another model \(for example bias, extra\)"):
        load_weights(network, {"weight": torch.zeros(1, 2), "extra": torch.zeros(1)})
    with pytest.raises(ValueError, match=r"weight is \(3, 2\), the recipe's is \(1, 2\)"):
        load_weights(network, {"weight": torch.zeros(3, 2), "bias": torch.zeros(1)})
