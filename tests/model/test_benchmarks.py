"""What the benchmarks of the Siamese step count, where it can be known otherwise."""

import importlib
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def load(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(FOLDER), *sys.path])
    return importlib.import_module


def test_a_whole_run_is_a_third_before_and_two_thirds_after(load):
    costs = {"before T/3": 3.0, "after T/3": 6.0}
    assert load("siamese_flops").with_whole_run(costs)["whole run"] == 5.0


def test_the_unet_is_stable_diffusions(load):
    assert sum(p.numel() for p in load("sd15").build().unet.parameters()) == 859_520_964


@pytest.mark.parametrize("checkpointing", [False, True])
def test_ours_costs_less_on_a_small_unet(load, checkpointing):
    flops, sd15 = load("siamese_flops"), load("sd15")
    small = sd15.UNET | {"block_out_channels": (32, 32, 32, 32), "layers_per_block": 1}
    network, given = sd15.build(small), sd15.batch(1, 128)
    network.enable_checkpointing(checkpointing)
    theirs, own = flops.published(network, given), flops.ours(network, given)
    assert own["before T/3"] < own["after T/3"] < theirs["after T/3"]
    assert own["before T/3"] < theirs["before T/3"] < theirs["after T/3"]
