import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from pycocotools import mask as reference

from medsynth.core.types import Mask
from medsynth.exporters import rle
from medsynth.exporters.components import Part, parts
from medsynth.io.run_lengths import decode, pack, unpack

MASKS = st.tuples(st.integers(1, 40), st.integers(1, 40)).flatmap(
    lambda hw: arrays(np.uint8, hw, elements=st.integers(0, 1))
)


def whole(pixels):
    return Part(1, (0, 0, *pixels.shape), pixels)


@settings(max_examples=300, deadline=None)
@given(MASKS)
def test_the_text_is_that_of_pycocotools_and_reads_back(labels):
    expected = reference.encode(np.asfortranarray(labels))["counts"].decode()
    if not labels.any():
        return
    found = rle.encode(whole(labels > 0), labels.shape)
    assert found == {"size": list(labels.shape), "counts": expected}
    assert np.array_equal(decode(expected, labels.shape), labels > 0)
    assert np.array_equal(reference.decode(found), labels)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 2**31), min_size=1))
def test_pack_and_unpack_are_inverse_for_any_length(lengths):
    assert unpack(pack(lengths)) == lengths


def test_a_box_in_a_large_mask():
    labels = np.zeros((512, 700), np.uint8)
    labels[100:300, 200:690] = 1
    (part,) = parts(Mask(labels))
    expected = reference.encode(np.asfortranarray(labels))["counts"].decode()
    assert rle.encode(part, labels.shape)["counts"] == expected


@settings(max_examples=100, deadline=None)
@given(MASKS)
def test_the_objects_of_a_mask_are_disjoint_and_make_up_the_mask(labels):
    back = np.zeros_like(labels)
    for part in parts(Mask(labels)):
        view = back[
            part.box[0] : part.box[0] + part.box[2], part.box[1] : part.box[1] + part.box[3]
        ]
        assert not view[part.pixels].any()
        assert part.pixels.any(axis=0)[[0, -1]].all()
        assert part.pixels.any(axis=1)[[0, -1]].all()
        view[part.pixels] = part.class_id
    assert np.array_equal(back, labels)
