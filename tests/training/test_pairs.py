"""The batch of a step follows from (seed, phase, step) alone."""

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.model.conditions import Conditions
from medsynth.training.options import TrainingOptions
from medsynth.training.pairs import (
    VARIANTS,
    Dropout,
    PairArrays,
    as_rgb,
    draw_timesteps,
    to_tensor,
    turned,
)

from .tiny import arrays, batches


def same(a, b):
    flat = [*a[:-1], *a.condition], [*b[:-1], *b.condition]
    return all((x is None and y is None) or torch.equal(x, y) for x, y in zip(*flat, strict=True))


def test_a_batch_depends_on_seed_phase_and_step_alone():
    options = TrainingOptions(batch=4)
    one, other = batches(arrays(6), options), batches(arrays(6), options)
    wanted = [("base", 5), ("base", 0), ("siamese", 2), ("base", 1)]
    found = {key: one.batch(*key) for key in wanted}
    torch.manual_seed(123)
    np.random.default_rng(0)
    assert all(same(other.batch(*key), found[key]) for key in reversed(wanted))
    assert not same(one.batch("base", 0), one.batch("base", 1))
    assert not same(one.batch("base", 0), one.batch("siamese", 0))
    assert not same(one.batch("base", 0), batches(arrays(6), options, seed=4).batch("base", 0))


@given(st.integers(1, 9), st.integers(1, 12), st.integers(0, 5))
@settings(deadline=None)
def test_every_pair_comes_once_an_epoch(n, batch, seed):
    source = batches(arrays(n), TrainingOptions(batch=batch), seed=seed)
    order = np.concatenate([source.indices("base", step) for step in range(n)])
    assert len(order) == n * batch
    for epoch in order.reshape(batch, n):
        assert sorted(epoch) == list(range(n))


def test_epochs_and_phases_are_shuffled_differently():
    source = batches(arrays(9), TrainingOptions(batch=9))
    orders = [tuple(source.indices(p, s)) for p in ("base", "siamese") for s in range(4)]
    assert len(set(orders)) == 8


def test_image_and_mask_are_turned_together():
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (5, 16, 16, 3), dtype=np.uint8)
    source = batches(PairArrays(pictures, pictures), TrainingOptions(batch=5))
    seen = Counter()
    for step in range(12):
        got = source.batch("base", step)
        assert torch.equal(got.mask, got.image)
        for picture, index in zip(got.image, source.indices("base", step), strict=True):
            array = (picture.permute(1, 2, 0) * 255).round().byte().numpy()
            hits = [v for v in VARIANTS["dihedral"] if (turned(pictures[index], *v) == array).all()]
            assert len(hits) == 1
            seen[hits[0]] += 1
    assert set(seen) == set(VARIANTS["dihedral"])


@pytest.mark.parametrize(
    ("augmentation", "count"), [("none", 1), ("hflip", 2), ("flips", 4), ("dihedral", 8)]
)
def test_variants_are_as_many_as_they_should_be(augmentation, count):
    array = np.arange(12, dtype=np.uint8).reshape(3, 4, 1)
    found = [turned(array, *variant) for variant in VARIANTS[augmentation]]
    assert len({(f.shape, f.tobytes()) for f in found}) == count
    if augmentation != "dihedral":
        assert {f.shape for f in found} == {(3, 4, 1)}


def test_flips_keep_a_size_that_is_not_square():
    source = batches(arrays(4, hw=(16, 32)), TrainingOptions(batch=4, augmentation="flips"))
    got = source.batch("base", 0)
    assert got.mask.shape == got.image.shape == (4, 3, 16, 32)
    assert got.z0.shape == got.eps.shape == (4, 4, 8, 16)


def test_the_parts_of_a_batch():
    source = batches(arrays(6), TrainingOptions(batch=4), dropout=Dropout(0.5))
    got = source.batch("base", 0)
    assert got.mask.unique().tolist() == [0, 1]
    assert got.image.min() >= 0
    assert got.image.max() <= 1
    assert got.image.shape == (4, 3, 16, 16)  # a grey image is repeated for the hint
    assert torch.equal(got.image[:, 0], got.image[:, 2])
    assert not torch.equal(got.eps, got.eps_again)
    torch.testing.assert_close(got.z0, source.latents.codec.encode(got.image[:, :1] * 2 - 1))
    keeps = torch.cat([source.batch("base", step).keep for step in range(100)])
    assert set(keeps.tolist()) == {0, 1}
    assert 0.4 < keeps.mean() < 0.6
    never = batches(arrays(6), TrainingOptions(batch=4), dropout=Dropout())
    assert never.batch("base", 0).keep.tolist() == [1, 1, 1, 1]


def test_labels_follow_their_pairs():
    pairs = arrays(5)
    labelled = PairArrays(pairs.images, pairs.hints, Conditions(np.arange(5)))
    source = batches(labelled, TrainingOptions(batch=4))
    for step in range(4):
        got = source.batch("base", step)
        assert got.condition.labels.tolist() == source.indices("base", step).tolist()


def test_remembered_latents_are_the_same():
    options = TrainingOptions(batch=4)
    forgets = batches(arrays(3), options)
    remembers = batches(arrays(3), options, remember=True)
    calls = []
    codec = remembers.latents.codec
    posterior = codec.posterior
    codec.posterior = lambda x: calls.append(len(x)) or posterior(x)
    for step in (0, 1, 0, 7):
        expected = forgets.batch("base", step)
        torch.testing.assert_close(remembers.batch("base", step).z0, expected.z0)
    before = len(calls)
    again = remembers.batch("base", 7)
    assert len(calls) == before
    assert torch.equal(again.z0, remembers.batch("base", 7).z0)
    fresh = batches(arrays(3), options, remember=True).batch("base", 7)
    assert torch.equal(again.z0, fresh.z0)  # a resumed fit sees the same bits


@given(st.integers(0, 10**6), st.integers(1, 40))
def test_stratified_timesteps_cover_all_levels_evenly(seed, n):
    t = draw_timesteps(np.random.default_rng(seed), n, 1000, "stratified")
    assert t.dtype == torch.int64
    assert sorted((t.double() * n / 1000 + 1e-9).floor().long().tolist()) == list(range(n)) or all(
        abs(value - k * 1000 / n) <= 1000 / n + 1 for k, value in enumerate(sorted(t.tolist()))
    )
    assert t.min() >= 0
    assert t.max() <= 999


@pytest.mark.parametrize("how", ["uniform", "stratified"])
def test_each_timestep_alone_is_uniform(how):
    draws = [draw_timesteps(np.random.default_rng(s), 4, 10, how)[2].item() for s in range(4000)]
    counts = np.bincount(draws, minlength=10)
    assert len(counts) == 10
    assert ((counts - 400) ** 2 / 400).sum() < 27.9  # chi-squared, 9 degrees, p = 0.001


def test_tensors_of_pictures():
    tensor = to_tensor([np.full((4, 6, 3), 255, np.uint8), np.zeros((4, 6, 3), np.uint8)])
    assert tensor.shape == (2, 3, 4, 6)
    assert tensor.dtype == torch.float32
    assert tensor[0].unique().tolist() == [1]
    assert tensor.is_contiguous(memory_format=torch.channels_last)
    grey = to_tensor([np.arange(4, dtype=np.uint8).reshape(2, 2, 1)])
    assert as_rgb(grey).shape == (1, 3, 2, 2)
    assert as_rgb(tensor) is tensor
