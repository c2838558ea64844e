"""Figures of a model are of the weights and the settings that its samples were made with."""

import pytest
import torch

from medsynth.io.runs import Run
from medsynth.sampling.options import SamplingOptions
from medsynth.training.checkpoints import Checkpoints, CheckpointState
from medsynth.workflows.as_sampled import as_sampled

LAST, BEST = "siamese-0000004", "siamese-0000002"


@pytest.fixture
def run(tmp_path):
    """A run whose second checkpoint was the best and whose fourth is the last."""
    folder = Checkpoints(tmp_path / "checkpoints")
    for step, best in ((2, None), (4, (BEST, 0.5))):
        state = CheckpointState("siamese", step, {"base": 0, "siamese": 4}, "0" * 64, 0.5, best)
        folder.save(state, {"weights": {"x": torch.zeros(1)}})
    return Run(tmp_path)


@pytest.mark.parametrize("usual", ["last", "best"])
@pytest.mark.parametrize(("name", "which"), [(LAST, "last"), (BEST, "best")])
def test_the_checkpoint_is_that_of_the_samples(run, usual, name, which):
    told = {"steps": 7, "guidance_scale": 2.5, "checkpoint": name}
    found = as_sampled(run, SamplingOptions(checkpoint=usual, solver="ddim"), told)
    assert found == SamplingOptions(checkpoint=which, steps=7, guidance_scale=2.5, solver="ddim")


@pytest.mark.parametrize("usual", ["last", "best"])
def test_where_the_last_is_the_best_it_is_called_as_the_recipe_calls_it(tmp_path, usual):
    state = CheckpointState("siamese", 4, {"base": 0, "siamese": 4}, "0" * 64, 0.5, (LAST, 0.5))
    Checkpoints(tmp_path / "checkpoints").save(state, {"weights": {"x": torch.zeros(1)}})
    found = as_sampled(Run(tmp_path), SamplingOptions(checkpoint=usual), {"checkpoint": LAST})
    assert found.checkpoint == usual


@pytest.mark.parametrize("told", [{}, {"checkpoint": "gone"}, {"steps": -3}, {"steps": "many"}])
def test_what_is_not_told_or_makes_no_sense_is_the_recipes(run, told):
    usual = SamplingOptions(checkpoint="best", steps=9)
    assert as_sampled(run, usual, told) == usual


def test_a_damaged_state_is_no_reason_to_fail(run):
    (run.checkpoints / LAST / "state.json").write_text("{")
    assert as_sampled(run, SamplingOptions(), {"checkpoint": BEST, "steps": 3}).steps == 3
