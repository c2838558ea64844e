"""Instance ids keep their promise."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from medsynth.data.instances import connected_instances, settle_instances

SHAPE = (9, 11)


@settings(max_examples=150, deadline=None)
@given(
    arrays(np.uint8, SHAPE, elements=st.integers(0, 2)),
    arrays(np.int64, SHAPE, elements=st.sampled_from([0, 0, 1, 5, 900, 65535])),
)
def test_ids_run_without_gaps_stand_on_labels_and_hold_one_class(labels, raw):
    ids = settle_instances(labels, raw)
    assert ids.dtype == np.uint16
    assert np.array_equal(ids > 0, labels > 0)
    assert set(np.unique(ids)) - {0} == set(range(1, int(ids.max()) + 1))
    for one in range(1, int(ids.max()) + 1):
        assert len(np.unique(labels[ids == one])) == 1
    assert np.array_equal(settle_instances(labels, ids), ids) or len(np.unique(labels)) > 2


def test_unnumbered_edges_join_their_neighbour_and_lone_regions_are_new():
    labels = np.zeros((6, 12), np.uint8)
    labels[1:5, 1:7] = 1
    labels[2:4, 9:11] = 1
    raw = np.zeros((6, 12), int)
    raw[1:5, 1:3] = 4
    raw[1:5, 4:7] = 8
    ids = settle_instances(labels, raw)
    assert ids.max() == 3
    assert ids[2, 3] in (ids[2, 2], ids[2, 4])
    assert ids[2, 9] not in (ids[2, 1], ids[2, 5], 0)


def test_an_id_of_another_region_is_not_taken_though_it_is_nearer():
    labels, raw = np.zeros((5, 20), np.uint8), np.zeros((5, 20), int)
    labels[2, :9], raw[2, :3] = 1, 1
    labels[2, 10:14], raw[2, 10:14] = 1, 2
    assert np.array_equal(settle_instances(labels, raw)[2], [1] * 9 + [0] + [2] * 4 + [0] * 6)


@pytest.mark.parametrize("seed", range(20))
def test_each_pixel_takes_a_nearest_id_of_its_region(seed):
    rng = np.random.default_rng(seed)
    labels = rng.choice([0, 0, 1, 2], (20, 30)).astype(np.uint8)
    raw = rng.choice([0, 0, 0, 1, 2, 3], (20, 30))
    ids, regions = settle_instances(labels, raw), connected_instances(labels)
    for pixel in np.argwhere((labels > 0) & (raw == 0)):
        numbered = np.argwhere((regions == regions[tuple(pixel)]) & (raw > 0))
        if len(numbered):
            far = ((numbered - pixel) ** 2).sum(axis=1)
            nearest = numbered[far == far.min()]
            assert ids[tuple(pixel)] in ids[tuple(nearest.T)]
        else:
            mine = ids == ids[tuple(pixel)]
            assert np.array_equal(mine, regions == regions[tuple(pixel)])
