"""Each way of making bad images is caught by the measure made for it; good ones pass.

Toy images in two modes, and features that are plain to see: mean colours of a grid of cells, and
the contrast within them.
"""

import cv2
import numpy as np
import pytest

from medsynth.core.errors import UsageError
from medsynth.quality.features.extractor import Identity
from medsynth.quality.features.feature_set import FeatureSet
from medsynth.quality.scores import fidelity

TOY = Identity("toy", 1, "0" * 64)


def toy_images(count, seed, modes=(0, 1)):
    """Return (count, 32, 32, 3) uint8: a disc, reddish and low or bluish and high, textured."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:32, :32]
    found = []
    for _ in range(count):
        mode = rng.choice(modes)
        centre = rng.normal((10, 16) if mode else (22, 16), 1.5)
        colour = rng.normal((70, 80, 190) if mode else (190, 80, 70), 8)
        disc = np.hypot(y - centre[0], x - centre[1]) < rng.uniform(6, 9)
        image = np.where(disc[..., None], colour, 120) + rng.normal(0, 14, (32, 32, 1))
        found.append(np.clip(image, 0, 255))
    return np.array(found, np.uint8)


def toy_features(images):
    cells = images.reshape(-1, 4, 8, 4, 8, 3).astype(np.float64) / 64
    mean = cells.mean((2, 4)).reshape(len(images), -1)
    contrast = cells.std((2, 4)).reshape(len(images), -1)
    return FeatureSet(np.hstack([mean, 3 * contrast]).astype(np.float32), TOY)


def measured(made, draws=100):
    real = toy_features(toy_images(120, 0))
    return fidelity(real, toy_features(made), np.random.default_rng(0), draws=draws)


@pytest.fixture(scope="module")
def good():
    return measured(toy_images(120, 1))


def test_sets_of_unequal_size_are_compared_as_of_equally_many():
    """Nine times as many images of one kind are no more varied."""
    real, few, many = (toy_features(toy_images(n, k)) for n, k in ((120, 0), (60, 1), (540, 2)))
    rng = np.random.default_rng(0)
    low, high, fair = (
        fidelity(real, each, rng, draws=10, among=among)
        for each, among in ((few, 60), (many, None), (many, 60))
    )
    for measure in ("recall", "coverage"):
        assert abs(fair[measure].value - low[measure].value) < 0.08
    assert high["coverage"].value > fair["coverage"].value + 0.05
    drawn = [
        fidelity(real, many.taken(rng.permutation(540) < 60), rng, draws=2)["coverage"].value
        for _ in range(40)
    ]
    assert fair["coverage"].value == pytest.approx(np.mean(drawn), abs=0.02)


def test_good_images_pass(good):
    assert good["kid"].interval.low < 0.005
    assert good["precision"].value > 0.8
    assert good["recall"].value > 0.8
    assert good["coverage"].value > 0.8
    assert 0.7 < good["density"].value < 1.3
    for score in good.values():
        assert score.interval is None or score.interval.low <= score.value <= score.interval.high


def test_noise_is_caught_by_kid_and_precision(good):
    noise = np.random.default_rng(2).integers(0, 256, (120, 32, 32, 3), np.uint8)
    found = measured(noise)
    assert found["kid"].interval.low > good["kid"].interval.high
    assert found["fid"].value > 3 * good["fid"].value
    assert found["precision"].value == 0
    assert found["density"].value == 0


def test_blurred_copies_are_caught_by_kid_and_precision(good):
    blurred = np.stack([cv2.GaussianBlur(image, (0, 0), 2) for image in toy_images(120, 0)])
    found = measured(blurred)
    assert found["kid"].interval.low > good["kid"].interval.high
    assert found["precision"].value < 0.2
    assert found["coverage"].value < 0.5


def test_one_repeated_image_is_caught_by_recall_and_coverage(good):
    repeated = toy_images(1, 3).repeat(120, 0)
    found = measured(repeated)
    assert found["recall"].value == 0
    assert found["coverage"].value < 0.2
    assert found["kid"].value > good["kid"].interval.high


def test_a_dropped_mode_is_caught_by_recall_and_coverage(good):
    found = measured(toy_images(120, 1, modes=(0,)))
    assert found["precision"].value > 0.8
    assert found["recall"].interval.high < good["recall"].interval.low
    assert found["coverage"].interval.high < good["coverage"].interval.low


def test_cmmd_is_of_clip_alone(good):
    assert "cmmd" not in good
    values = toy_features(toy_images(20, 0)).values
    features = FeatureSet(values, TOY._replace(name="clip"))
    found = fidelity(features, features, np.random.default_rng(0), draws=10)
    assert found["cmmd"].value == pytest.approx(0, abs=1e-9)


def test_numbers_of_other_extractors_are_not_compared(good):
    features = toy_features(toy_images(20, 0))
    other = FeatureSet(features.values, TOY._replace(weights="1" * 64))
    rng = np.random.default_rng(0)
    with pytest.raises(UsageError, match="cannot be compared"):
        fidelity(features, other, rng)
    score = fidelity(other, other, rng, draws=10)["kid"]
    assert good["kid"].minus(good["kid"]) == 0
    for another in (score, good["fid"]):
        with pytest.raises(UsageError, match="different scales"):
            good["kid"].minus(another)


def test_one_group_has_no_interval():
    features = toy_features(toy_images(20, 0))
    one = np.zeros(20)
    found = fidelity(features, features, np.random.default_rng(0), one, one, draws=10)
    assert all(score.interval is None for score in found.values())
