"""What a fit tells as it goes, and how it ends when it cannot go on."""

import dataclasses
import math

import pytest
import torch

from medsynth.core.errors import InputError
from medsynth.training.checkpoints import Checkpoints
from medsynth.training.generator import fixed_batches
from medsynth.training.options import TrainingOptions

from .tiny import Told, arrays, batches, fit, plan


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


def test_validation_noise_is_fixed():
    options = TrainingOptions(batch=3)
    a = fixed_batches(batches(arrays(4), options))
    b = fixed_batches(batches(arrays(4), options))
    assert len(a) == math.ceil(4 / 3)
    for one, other in zip(a, b, strict=True):
        assert torch.equal(one.eps, other.eps)
        assert torch.equal(one.t, other.t)
        assert torch.equal(one.z0, other.z0)
