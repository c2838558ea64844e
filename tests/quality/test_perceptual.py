import numpy as np
import pytest
import torch

from medsynth.model.mobilenet import MobileNetV2
from medsynth.quality.lpips import map_distance
from medsynth.quality.perceptual import NAME, diversity_within, maps_of, perceptual_distances


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(0)
    return MobileNetV2().eval()


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(0).integers(0, 256, (3, 24, 24, 1), np.uint8)


def test_by_hand():
    a = np.array([[[[3.0, 1.0]], [[4.0, 0.0]]]])
    b = np.array([[[[3.0, 0.0]], [[4.0, 2.0]]]])
    assert map_distance([a], [b]) == pytest.approx([1.0])
    assert map_distance([a, a], [b, b], [np.array([2, 0]), np.array([0, 1])]) == pytest.approx(
        [1.5]
    )
    assert map_distance([5 * a], [a]) == pytest.approx([0])


def test_maps_halve_down_to_seven_pixels(network, images):
    shapes = [layer.shape[1:] for layer in maps_of(network, images)]
    assert shapes == [(16, 112, 112), (24, 56, 56), (32, 28, 28), (96, 14, 14), (320, 7, 7)]


def test_distances_of_images(network, images):
    distances = perceptual_distances(network, images, images[:1])
    assert distances[0] == pytest.approx(0, abs=1e-9)
    assert (distances[1:] > 1e-4).all()
    again = perceptual_distances(network, images[:1], images)
    assert distances == pytest.approx(again)


def test_diversity_is_the_mean_of_all_pairs(network, images):
    pairs = [
        perceptual_distances(network, images[i, None], images[j, None])
        for i, j in ((0, 1), (0, 2), (1, 2))
    ]
    assert diversity_within(network, images) == pytest.approx(np.mean(pairs))
    assert diversity_within(network, images[[0, 0, 0]]) == pytest.approx(0, abs=1e-9)
    with pytest.raises(ValueError, match="two images"):
        diversity_within(network, images[:1])


def test_its_name_cannot_be_taken_for_lpips():
    assert "not LPIPS" in NAME
