"""A run with two classes, awkward names, an evaluation and a proof."""

import contextlib
import json
import shutil
from pathlib import Path

import pytest
import torch

from medsynth.model.mobilenet import MobileNetV2
from medsynth.workflows.augment.augment import AugmentConfig, augment
from medsynth.workflows.evaluate.evaluate import EvaluateConfig, evaluate
from medsynth.workflows.fit.fit import FitConfig, fit
from medsynth.workflows.prove.prove import ProveConfig, prove

CLASSES = {"0": "background", "1": "<script>alert(1)</script>", "2": "rim & core"}
FIT = (
    "data.fractions=[0.5,0.2,0.3]",
    "gates.mode=score",
    "gates.segmenter={steps: 2, width: 4, batch: 4}",
)
EVALUATE = ("evaluate.attack_draws=2", "evaluate.diversity_masks=0", "evaluate.worst=4")
PROVE = (
    "prove.ratios=[0.5]",
    "prove.copy_paste=false",
    "prove.seeds=2",
    "prove.stops=2",
    "prove.segmenter={steps: 4, width: 4, batch: 4}",
)


def quiet(done, total, text):
    """Progress that nobody sees."""


@pytest.fixture(scope="session")
def weights(tmp_path_factory):
    """Random weights of a MobileNet: no measure means much, but all are there."""
    path = tmp_path_factory.mktemp("weights") / "random.pth"
    with torch.random.fork_rng():
        torch.manual_seed(0)
        torch.save(MobileNetV2().state_dict(), path)
    return path


@pytest.fixture(scope="session")
def bare(tmp_path_factory, blobs_anywhere, recipe_text):
    """A run with twelve samples, and nothing found yet; not to be changed."""
    folder = tmp_path_factory.mktemp("report")
    with contextlib.chdir(folder):
        Path("quick.yaml").write_text(recipe_text)
        data = blobs_anywhere(folder / "blobs", n=40, classes=2)
        (data / "classes.json").write_text(json.dumps(CLASSES))
        config = FitConfig(data, "quick.yaml", folder / "run", FIT, device="cpu")
        fit(config, quiet)
        augment(AugmentConfig(12, folder / "run", device="cpu"), quiet)
    return folder / "run"


@pytest.fixture(scope="session")
def evaluated(bare, weights):
    """Return an evaluation of a run."""

    def do(run, *sets):
        every = (f"evaluate.weights={weights}", *EVALUATE, *sets)
        return evaluate(EvaluateConfig(run, every, device="cpu"), quiet)

    return do


@pytest.fixture(scope="session")
def proved():
    """Return a proof of a run."""

    def do(run, *sets):
        return prove(ProveConfig(run, (*PROVE, *sets), device="cpu"), quiet)

    return do


@pytest.fixture(scope="session")
def whole(bare, evaluated, proved, tmp_path_factory):
    """A run with both, and a report of both; not to be changed."""
    run = Path(shutil.copytree(bare, tmp_path_factory.mktemp("whole") / "run"))
    evaluated(run)
    proved(run)
    return run


@pytest.fixture
def own(bare, tmp_path):
    """Return a copy of the bare run, to change."""
    return Path(shutil.copytree(bare, tmp_path / "run"))
