import numpy as np
import pytest
from pycocotools import mask as reference

from medsynth.io.polygon_fill import polygon_positions

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def filled(ring, hw):
    out = np.zeros(hw[0] * hw[1], bool)
    out[polygon_positions(ring, hw)] = True
    return out.reshape(hw[1], hw[0]).T


@pytest.mark.parametrize("seed", range(6))
def test_every_pixel_is_that_of_pycocotools(seed):
    rng = np.random.default_rng(seed)
    for k in range(300):
        height, width = (int(side) for side in rng.integers(1, 60, 2))
        ring = rng.uniform(-10, 70, (rng.integers(3, 12), 2))
        if seed == 1:
            ring = np.round(ring)
        if seed == 2:
            ring = np.round(ring, 1)  # where shifting by floats would round otherwise
        if seed == 3:
            ring[1] = ring[0]
        if seed == 4:
            ring = np.round(10 * ring) / 100 + 20
        encoded = reference.frPyObjects([ring.ravel().tolist()], height, width)
        expected = reference.decode(encoded)[..., 0] > 0
        assert np.array_equal(filled(ring, (height, width)), expected), (seed, k)


def test_outside_is_nothing():
    ring = np.array([[50.0, 50], [60, 50], [60, 60]])
    assert polygon_positions(ring, (20, 30)).size == 0
    assert polygon_positions(-ring, (20, 30)).size == 0
