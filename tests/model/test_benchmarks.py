"""What the benchmarks of the Siamese step count, where it can be known otherwise."""

import importlib
import sys
from functools import partial
from pathlib import Path

import pytest
import torch
from torch._subclasses.fake_tensor import FakeTensorMode

FOLDER = Path(__file__).parents[1] / "benchmarks"
SMALL = {
    "block_out_channels": (32, 32),
    "layers_per_block": 1,
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
}


@pytest.fixture
def load(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(FOLDER), *sys.path])
    return importlib.import_module


def test_a_whole_run_is_a_third_before_and_two_thirds_after(load):
    costs = {"before T/3": 3.0, "after T/3": 6.0}
    assert load("siamese_flops").with_whole_run(costs)["whole run"] == 5.0


def test_the_unet_is_stable_diffusions(load):
    assert sum(p.numel() for p in load("sd15").build().unet.parameters()) == 859_520_964


def test_ours_costs_less_on_a_small_unet(load):
    flops, sd15 = load("siamese_flops"), load("sd15")
    network, given = sd15.build(sd15.UNET | SMALL), sd15.batch(1, 64)
    theirs, own = flops.published(network, given), flops.ours(network, given)
    assert own["before T/3"] < own["after T/3"] < theirs["after T/3"]
    assert own["before T/3"] < theirs["before T/3"] < theirs["after T/3"]


def test_a_fifth_of_the_timesteps_is_low(load):
    assert [load("siamese_step").timesteps(n) for n in (1, 5)] == [[600], [100, *[600] * 4]]


def test_a_line_of_the_table_has_the_median_of_the_ratios(load):
    line = load("siamese_step").row("time, s", "off", [(2.0, 1.0), (4.0, 3.0), (10.0, 6.0)])
    assert line == "| time, s | off | 4.00 | 3.00 | 0.600 | 0.500 to 0.750 | 0.65 |"


def test_peak_memory_follows_storages_from_their_making_to_their_end(load):
    there = torch.zeros(256)
    with load("memory_table").PeakMemory([there]) as memory:
        first = there + 1
        view = first.view(2, 128)  # no storage of its own
        there.add_(1)
        second = view * 2
        del first, view
        third = second + 1
        del second, third
    assert memory.peak_bytes == 2 * 256 * 4
    assert memory.live_bytes == 0


def test_what_stays_on_the_gpu(load):
    module = load("memory_table")
    network = torch.nn.ModuleList([torch.nn.Linear(128, 2, bias=False), torch.nn.Linear(3, 1)])
    network[1].requires_grad_(False).bfloat16()
    plain = module.Setting(half=False, checkpointing=True)
    assert module.resident_bytes(plain, network, vae_parameters=2) == 16 * 256 + 2 * 4 + 4 * 2
    small = module.Setting(half=True, checkpointing=True, small_adam=True, ema=True)
    moments = 2 * 256 + 2 * 4  # and a scale of each
    assert module.resident_bytes(small, network, 2) == 12 * 256 + moments + 2 * 4 + 4 * 2


def test_frozen_weights_are_counted_as_a_fit_holds_them(load):
    module, sd15 = load("memory_table"), load("sd15")
    with FakeTensorMode():
        setting = module.Setting(half=True, checkpointing=True)
        network = module.network_for(setting, partial(sd15.build, sd15.UNET | SMALL))
        half = {n for n, p in network.named_parameters() if p.dtype == torch.bfloat16}
    frozen = {n for n, p in network.named_parameters() if not p.requires_grad}
    assert half < frozen
    assert all("norm" in name for name in frozen - half)


def test_the_worst_step_to_expect(load):
    most = load("memory_table").most_rows
    assert [most(n) for n in (1, 6, 48)] == [1, 5, 20]


def test_the_largest_batch_that_fits(load):
    module = load("memory_table")
    used = module.Activations(base=10, sample=5, augmented=1)
    assert module.largest_batch(16, used) == 1  # 10 + 5 + 1
    assert module.largest_batch(15, used) == 0


@pytest.fixture(scope="module")
def small_settings():
    """Counted steps of a small U-Net, by (half, checkpointing, lora)."""
    with pytest.MonkeyPatch.context() as patch, FakeTensorMode():
        patch.setattr(sys, "path", [str(FOLDER), *sys.path])
        module, sd15 = importlib.import_module("memory_table"), importlib.import_module("sd15")
        found = {}
        for key in [(0, 0, 0), (0, 1, 0), (1, 0, 0), (0, 0, 1)]:
            setting = module.Setting(*map(bool, key))
            network = module.network_for(setting, partial(sd15.build, sd15.UNET | SMALL))
            trained = sum(p.numel() for p in network.parameters() if p.requires_grad)
            found[key] = trained, module.activation_bytes(network, setting, 4, 1, 64)
        return found


def test_each_option_saves(small_settings):
    trained, used = small_settings[0, 0, 0]
    assert small_settings[0, 1, 0][1] < 0.6 * used  # checkpointing
    assert small_settings[1, 0, 0][1] < 0.9 * used  # half precision
    assert small_settings[0, 0, 1][1] < used  # LoRA
    assert small_settings[0, 0, 1][0] < trained
