import numpy as np
import pytest
from pycocotools import mask as reference

from medsynth.io.polygon_fill import polygon_positions

pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


def filled(ring, hw):
    (pixels,) = polygon_positions([ring], hw)
    return picture(pixels, hw)


def picture(pixels, hw):
    assert np.all(np.diff(pixels) > 0)
    out = np.zeros(hw[0] * hw[1], bool)
    out[pixels] = True
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
    for pixels in polygon_positions([ring, -ring], (20, 30)):
        assert pixels.size == 0


@pytest.mark.parametrize("most_px", [1, 900, 1 << 22])
def test_many_at_once_are_each_alone(monkeypatch, most_px):
    monkeypatch.setattr("medsynth.io.polygon_fill.MOST_PX", most_px)
    rng = np.random.default_rng(7)
    hw = (41, 53)
    rings = [rng.uniform(-15, 70, (rng.integers(3, 9), 2)) for _ in range(60)]
    rings += [ring + 200 for ring in rings[:5]]  # nothing of these is in the frame
    for ring, pixels in zip(rings, polygon_positions(rings, hw), strict=True):
        assert np.array_equal(picture(pixels, hw), filled(ring, hw))
        encoded = reference.frPyObjects([ring.ravel().tolist()], *hw)
        assert np.array_equal(picture(pixels, hw), reference.decode(encoded)[..., 0] > 0)


def test_no_polygons_are_no_pixels():
    assert list(polygon_positions([], (5, 5))) == []
