import numpy as np
import pytest
from skimage.data import immunohistochemistry
from skimage.filters import gaussian

from medsynth.quality.nearest import nearest_images
from medsynth.quality.noise import noise_sigma
from medsynth.quality.overlap import pooled_dice
from medsynth.quality.stain import StainRule


@pytest.fixture(scope="module")
def micrograph():
    return immunohistochemistry()


def test_the_stain_rule_agrees_with_itself_on_held_out_tiles(micrograph):
    rule = StainRule.fitted(micrograph)
    whole = rule.mask(micrograph)
    assert 0.3 < whole.mean() < 0.7
    tiles = [(slice(y, y + 64), slice(384, 448)) for y in range(0, 512, 64)]
    found = [rule.mask(micrograph[tile]) for tile in tiles]
    assert pooled_dice(found, [whole[tile] for tile in tiles]) > 0.98


def test_the_stain_rule_sees_another_stain(micrograph):
    """What is brown becomes blue: the rule must not find gland there."""
    rule = StainRule.fitted(micrograph)
    blue = np.ascontiguousarray(micrograph[..., ::-1])
    assert rule.mask(blue).mean() < 0.2 * rule.mask(micrograph).mean()


def test_pooled_dice_is_ruled_by_pixels_not_by_tiles():
    full, empty = np.ones((8, 8)), np.zeros((8, 8))
    speck = empty.copy()
    speck[0, 0] = 1
    assert pooled_dice([full, empty], [full, speck]) == pytest.approx(128 / 129)
    assert pooled_dice([empty], [empty]) == 1
    assert pooled_dice([full], [empty]) == 0


def test_noise_grows_with_noise_and_falls_with_blur(micrograph):
    rng = np.random.default_rng(0)
    noisy = (micrograph + rng.normal(0, 15, micrograph.shape)).clip(0, 255).astype(np.uint8)
    blurred = (255 * gaussian(micrograph, 1.5, channel_axis=-1)).astype(np.uint8)
    real = noise_sigma([micrograph])
    assert noise_sigma([noisy]) > 3 * real
    assert noise_sigma([blurred]) < 0.5 * real


def test_a_turned_copy_is_found(micrograph):
    tiles = np.stack([micrograph[y : y + 32, x : x + 32] for y in (0, 200) for x in (0, 99, 300)])
    sample = np.rot90(tiles[4])[:, ::-1][None]
    index, distance, turned = nearest_images(sample, tiles)
    assert index[0] == 4
    assert distance[0] == pytest.approx(0, abs=0.1)
    assert np.array_equal(turned[0], sample[0])


def test_the_nearest_is_that_of_a_plain_search(micrograph):
    tiles = np.stack([micrograph[y : y + 16, x : x + 16] for y in (0, 99, 200) for x in (0, 99)])
    samples = tiles[::2] ^ 7
    found, distances, _ = nearest_images(samples, tiles)
    for sample, index, distance in zip(samples, found, distances, strict=True):
        all_turns = [
            np.sqrt(np.mean((np.rot90(t, k)[:, ::f].astype(float) - sample) ** 2))
            for t in tiles[index : index + 1]
            for k in range(4)
            for f in (1, -1)
        ]
        assert distance == pytest.approx(min(all_turns), abs=0.05)
