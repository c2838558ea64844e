"""A phase ends where its validation loss has not fallen for long, and a fit goes on from there."""

from dataclasses import replace

import pytest

from medsynth.core.errors import InterruptedRunError
from medsynth.training.checkpoints import Checkpoints
from medsynth.training.generator import FitPlan
from medsynth.training.options import PhaseOptions

from .tiny import KilledError, Told, fit, plan

PATIENCE = 2


def impatient(base_patience: int = PATIENCE, siamese_patience: int = 0) -> FitPlan:
    """A plan with far too high learning rates: the first steps are the best of both phases."""
    what = plan(9, 6, checkpoint_every=1, keep_checkpoints=1, ema=0.0, base_weights="best")
    options = {"warmup_steps": 0, "learning_rate": 0.1}
    return replace(
        what,
        base=PhaseOptions(steps=9, patience=base_patience, **options),
        siamese=PhaseOptions(steps=6, patience=siamese_patience, **options),
    )


def losses(told: Told, phase: str) -> dict[int, float]:
    """Validation losses by step."""
    return {row["step"]: row["val"] for row in told.rows if row["phase"] == phase and "val" in row}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A fit whose two phases both end early, and what it told."""
    folder, told = tmp_path_factory.mktemp("patience"), Told()
    return fit(folder, impatient(siamese_patience=1), told), told, folder


def test_a_phase_ends_so_many_steps_after_its_best(whole):
    outcome, told, folder = whole
    for phase, patience in (("base", PATIENCE), ("siamese", 1)):
        seen = losses(told, phase)
        taken = outcome.steps[phase]
        assert max(seen) == taken < {"base": 9, "siamese": 6}[phase]
        assert taken == min(seen, key=seen.get) + patience
        assert (phase, taken) in told.grids
    assert outcome.last.ended_early
    assert Checkpoints(folder).states()[-1].ended
    assert told.reports[-1][:2] == (sum(outcome.steps.values()), outcome.steps["base"] + 6)


def test_without_patience_it_goes_on_to_its_last_step(tmp_path):
    outcome = fit(tmp_path, impatient(0))
    assert outcome.steps == {"base": 9, "siamese": 6}
    assert not outcome.last.ended_early
    assert outcome.last.ended


def test_a_loss_that_keeps_falling_is_waited_for(tmp_path):
    what = plan(6, 2, checkpoint_every=1)
    what = replace(what, base=what.base.model_copy(update={"patience": 1}))
    assert fit(tmp_path, what).steps == {"base": 6, "siamese": 2}


@pytest.mark.parametrize("error", [KilledError, InterruptedRunError])
@pytest.mark.parametrize("k", range(1, 5))
def test_resumed_after_any_step_it_is_the_same_fit(tmp_path, whole, k, error):
    what = impatient(siamese_patience=1)
    told = Told(kill_at=k) if error is KilledError else Told(stop_at=k)
    outcome = whole[0]
    with pytest.raises(error):
        fit(tmp_path, what, told)
    again = fit(tmp_path, what, resume=True)
    assert again.last == outcome.last
    assert again.steps == outcome.steps


def test_resuming_what_has_ended_does_nothing(whole):
    outcome, _, folder = whole
    told = Told()
    again = fit(folder, impatient(siamese_patience=1), told, resume=True)
    assert told.steps == 0
    assert (again.last, again.steps) == (outcome.last, outcome.steps)


def test_without_validation_pairs_nobody_is_impatient(tmp_path):
    what = replace(impatient(), siamese=PhaseOptions(steps=1))
    assert fit(tmp_path, what, validate=False).steps == {"base": 9, "siamese": 1}
