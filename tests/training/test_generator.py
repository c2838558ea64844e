"""What a fit tells as it goes, and how it ends when it cannot go on."""

import dataclasses
import math

import pytest
import torch

from medsynth.core.errors import InputError
from medsynth.model.compact import add_controlnet, build_network
from medsynth.model.schedule_options import ScheduleOptions
from medsynth.training import generator as module
from medsynth.training.checkpoints import Checkpoints
from medsynth.training.generator import enter_phase, fixed_batches, prediction_loss
from medsynth.training.options import TrainingOptions

from .tiny import COMPACT, Told, arrays, batches, fit, plan


def test_what_hooks_are_told(tmp_path):
    told = Told()
    fit(tmp_path, plan(3, 4, grid_every=2, log_every=2, checkpoint_every=2), told)
    losses = [(row["phase"], row["step"]) for row in told.rows if "total" in row]
    assert losses == [("base", 2), ("base", 3), ("siamese", 2), ("siamese", 4)]
    vals = [(row["phase"], row["step"]) for row in told.rows if "val" in row]
    assert vals == losses
    assert told.grids == losses
    assert told.warnings == [f"grid of {phase} {step}" for phase, step in losses]
    assert [done for done, _, _ in told.reports] == [2, 3, 5, 7]
    assert {total for _, total, _ in told.reports} == {7}
    last = told.rows[-2]
    assert last.keys() == {
        "phase", "step", "total", "mask", "image", "consistency", "augmentation", "images_per_s",
    }  # fmt: skip
    parts = last["mask"] + last["image"] + last["consistency"] + last["augmentation"]
    assert last["total"] == pytest.approx(parts, abs=1e-5)


def test_a_fit_learns(tmp_path):
    """Not only the training loss: that of other pairs, too."""
    told = Told()
    fit(tmp_path, plan(40, 40, checkpoint_every=20, ema=0.0, batch=4), told, n=8)
    vals = [(row["phase"], row["val"]) for row in told.rows if "val" in row]
    base = [value for phase, value in vals if phase == "base"]
    siamese = [value for phase, value in vals if phase == "siamese"]
    assert (len(base), len(siamese)) == (2, 2)
    assert base[-1] < base[0]
    assert siamese[-1] < 0.97 * base[-1]


def test_the_best_checkpoint_is_that_with_the_least_validation_loss(tmp_path):
    told = Told()
    outcome = fit(tmp_path, plan(2, 6, checkpoint_every=1, keep_checkpoints=10), told)
    vals = {
        f"siamese-{row['step']:07d}": row["val"]
        for row in told.rows
        if "val" in row and row["phase"] == "siamese"
    }
    name, loss = outcome.last.best
    assert name == min(vals, key=vals.get)
    assert loss == pytest.approx(vals[name], abs=1e-6)


@pytest.mark.parametrize("phase", ["base", "siamese"])
def test_a_fit_that_diverges_says_what_to_do(tmp_path, phase):
    what = plan(3, 4)
    wild = getattr(what, phase).model_copy(update={"learning_rate": 1e30})
    with pytest.raises(
        InputError, match=f"loss became .* at {phase} step .: the fit div"
    ) as caught:
        fit(tmp_path, dataclasses.replace(what, **{phase: wild}))
    assert f"--set {phase}.learning_rate=3.3e+29" in caught.value.tip
    for state in Checkpoints(tmp_path).states():
        for part in state.sha256:
            values = Checkpoints(tmp_path).load(state, part).values()
            assert all(value.isfinite().all() for value in values)


@pytest.mark.parametrize(("base", "siamese"), [(1, 4), (3, 1)])
def test_a_fit_that_diverges_at_a_last_step_says_so_too(tmp_path, base, siamese):
    """No further loss would tell; and weights that are no numbers are no checkpoint."""
    what = plan(base, siamese)
    phase = "base" if base == 1 else "siamese"
    wild = getattr(what, phase).model_copy(update={"learning_rate": 1e30})
    with pytest.raises(InputError, match="the fit diverged"):
        fit(tmp_path, dataclasses.replace(what, **{phase: wild}))
    states = Checkpoints(tmp_path).states()
    assert [state.phase for state in states] == ["base"] * (phase == "siamese")


def test_losses_of_the_plain_controlnet_have_no_image_branch(tmp_path):
    told = Told()
    fit(tmp_path, plan(1, 2, objective="controlnet"), told)
    rows = [row for row in told.rows if row["phase"] == "siamese" and "total" in row]
    assert all(row["image"] == row["consistency"] == row["augmentation"] == 0 for row in rows)
    assert all(row["total"] == row["mask"] > 0 for row in rows)


def test_without_a_base_phase_the_controlnet_is_still_made(tmp_path):
    outcome = fit(tmp_path, plan(0, 2))
    assert (outcome.last.phase, outcome.last.step) == ("siamese", 2)
    weights = Checkpoints(tmp_path).load(outcome.last, "weights")
    assert any(name.startswith("controlnet.controlnet_cond_embedding.") for name in weights)


@pytest.mark.parametrize("phase", ["base", "siamese"])
def test_a_validation_loss_in_parts_is_that_of_the_whole(phase):
    network = build_network(COMPACT, ScheduleOptions(), torch.ones(4))
    add_controlnet(network, COMPACT, merges=1)
    (batch,) = fixed_batches(batches(arrays(4), TrainingOptions(batch=4)))
    with torch.no_grad():
        whole, halves = (
            prediction_loss(network, batch, phase, size, torch.device("cpu")) for size in (4, 2)
        )
    assert halves == pytest.approx(whole, rel=1e-5)
    assert halves > 0


def test_a_validation_loss_takes_no_more_at_once_than_a_pass(tmp_path, monkeypatch):
    sizes, real = set(), module.prediction_loss

    def seen(network, batch, phase, size, device):
        sizes.add((len(batch.t), size))
        assert all(p.grad is None for p in network.parameters())
        return real(network, batch, phase, size, device)

    monkeypatch.setattr(module, "prediction_loss", seen)
    fit(tmp_path, plan(2, 2, batch=4, accumulate=2))
    assert sizes == {(4, 2)}


def test_frozen_weights_of_a_base_model_alone_are_held_in_half_precision(monkeypatch):
    """And only once the ControlNet has its copy; on the CPU, where nothing is gained, none."""
    what = plan(precision="bf16")
    for on_gpu in (False, True):
        network = build_network(COMPACT, ScheduleOptions(), torch.ones(4))
        names = [f"unet.{name}" for name, _ in network.encoder.named_parameters()]
        network.borrow(names[: len(names) // 2])
        before = {n: p.detach().clone() for n, p in network.encoder.named_parameters()}
        if on_gpu:
            monkeypatch.setattr(module, "saves_by_halving", lambda precision, device: True)
        enter_phase("base", network, what)
        assert {p.dtype for p in network.parameters()} == {torch.float32}
        enter_phase("siamese", network, what)
        half = {n for n, p in network.named_parameters() if p.dtype == torch.bfloat16}
        assert half <= network.borrowed
        assert bool(half) == on_gpu
        assert not [name for name in half if "norm" in name]
        copied = dict(network.controlnet.encoder.named_parameters())
        assert all(torch.equal(copied[name], value) for name, value in before.items())


def test_validation_noise_is_fixed():
    options = TrainingOptions(batch=3)
    a = fixed_batches(batches(arrays(4), options))
    b = fixed_batches(batches(arrays(4), options))
    assert len(a) == math.ceil(4 / 3)
    for one, other in zip(a, b, strict=True):
        assert torch.equal(one.eps, other.eps)
        assert torch.equal(one.t, other.t)
        assert torch.equal(one.z0, other.z0)
