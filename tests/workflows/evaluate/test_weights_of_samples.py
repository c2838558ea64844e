"""What is measured by the model is measured with the weights that made the samples."""

import json
import shutil

import pytest

import medsynth
from medsynth.workflows.evaluate.by_the_model import OTHERS

from .scenes import draw, put, scenes

FIT = {
    "data.size": 48,
    "data.fractions": [0.4, 0.2, 0.4],
    "gates.mode": "off",
    "gates.segmenter": {"steps": 2, "width": 4, "batch": 4},
    "training.checkpoint_every": 1,
    "siamese.steps": 3,
    "siamese.learning_rate": 0.3,  # the first checkpoint is the best
    "siamese.warmup_steps": 0,
}


@pytest.fixture(scope="module")
def run(tmp_path_factory, recipe):
    """A run whose recipe samples with the last weights, and whose best are others."""
    folder = tmp_path_factory.mktemp("weights")
    data = draw(folder / "data", 0, 30)
    medsynth.fit(data, recipe=str(recipe), run=folder / "run", options=FIT, device="cpu")
    last = json.loads((folder / "run/checkpoints/siamese-0000003/state.json").read_text())
    assert last["best"][0] not in ("siamese-0000003", None)
    return folder / "run"


def test_the_attack_is_on_the_weights_that_made_the_samples(run, judge, tmp_path):
    losses = {}
    for which in ("last", "best"):
        own = shutil.copytree(run, tmp_path / which)
        medsynth.augment(n=10, run=own, options={"sampling.checkpoint": which}, device="cpu")
        values = judge(own, attack_draws=2)
        assert OTHERS not in values["warnings"]
        losses[which] = values["membership"]["mean_loss_train"]
    assert abs(losses["last"] - losses["best"]) > 1e-3
    put(own, *scenes(1000))  # of no weights known here: the recipe's are taken
    again = judge(own, attack_draws=2)
    assert OTHERS in again["warnings"]
    assert again["membership"]["mean_loss_train"] == losses["last"]
