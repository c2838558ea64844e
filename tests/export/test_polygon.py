import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as reference

from medsynth.exporters.polygon import polygons, rasterize

MASKS = st.tuples(st.integers(1, 25), st.integers(1, 25)).flatmap(lambda hw: arrays(np.bool_, hw))


@settings(max_examples=300, deadline=None)
@given(MASKS)
def test_every_pixel_comes_back_from_us_and_from_pycocotools(pixels):
    found = polygons(pixels)
    assert all(len(ring) >= 8 for ring in found)
    ours = np.any([np.zeros_like(pixels), *(rasterize(r, pixels.shape) for r in found)], axis=0)
    assert np.array_equal(ours, pixels)
    if found:
        theirs = reference.decode(reference.merge(reference.frPyObjects(found, *pixels.shape)))
        assert np.array_equal(theirs, pixels)


def test_a_speckled_object_of_thousands_of_pieces_and_holes():
    speckled = np.random.default_rng(0).random((200, 220)) < 0.6
    theirs = reference.decode(reference.merge(reference.frPyObjects(polygons(speckled), 200, 220)))
    assert np.array_equal(theirs, speckled)


def test_a_hole_is_bridged_into_one_polygon():
    ring = np.ones((5, 6), bool)
    ring[2, 2:4] = False
    (polygon,) = polygons(ring, offset=(10, 20))
    assert min(polygon[::2]) == 10
    assert min(polygon[1::2]) == 20
    assert all(type(value) is int for value in polygon)


def test_a_large_round_object():
    y, x = np.mgrid[:300, :400]
    disc = (x - 200) ** 2 + (y - 150) ** 2 < 140**2
    theirs = reference.decode(reference.merge(reference.frPyObjects(polygons(disc), 300, 400)))
    assert np.array_equal(theirs, disc)
