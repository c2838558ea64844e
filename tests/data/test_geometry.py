"""There and back: nothing invented, nothing moved."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.data.geometry import (
    apply_to_image,
    apply_to_labels,
    invert_image,
    invert_labels,
    plan_geometry,
)

SIDES = st.integers(1, 70)
SIZES = st.tuples(SIDES, SIDES)
FITS = st.sampled_from(["crop", "letterbox", "stretch"])


def some_labels(hw, seed=0):
    return np.random.default_rng(seed).integers(0, 4, hw).astype(np.uint8) * 40


@settings(max_examples=150, deadline=None)
@given(SIZES, SIZES, FITS)
def test_labels_never_gain_values_and_boxes_stay_inside(source, target, fit):
    plan = plan_geometry(source, target, fit)
    for (top, left, height, width), hw in ((plan.source_box, source), (plan.target_box, target)):
        assert top >= 0
        assert left >= 0
        assert height >= 1
        assert width >= 1
        assert top + height <= hw[0]
        assert left + width <= hw[1]
    labels = some_labels(source)
    there = apply_to_labels(labels, plan)
    assert there.shape == target
    assert there.dtype == labels.dtype
    assert set(np.unique(there)) <= set(np.unique(labels)) | {0}
    back = invert_labels(there, plan)
    assert back.shape == source
    assert set(np.unique(back)) <= set(np.unique(labels)) | {0}


@settings(max_examples=100, deadline=None)
@given(SIZES, st.tuples(st.integers(1, 3), st.integers(1, 3)), FITS)
def test_enlarging_by_whole_numbers_inverts_exactly(source, times, fit):
    target = (source[0] * times[0], source[1] * times[1])
    plan = plan_geometry(source, target, fit)
    top, left, height, width = plan.source_box
    if plan.target_box[2] % height or plan.target_box[3] % width:
        return
    labels = some_labels(source)
    back = invert_labels(apply_to_labels(labels, plan), plan)
    inner = np.s_[top : top + height, left : left + width]
    assert np.array_equal(back[inner], labels[inner])
    outside = back.copy()
    outside[inner] = 0
    assert not outside.any()


@settings(max_examples=60, deadline=None)
@given(SIZES, SIZES, FITS, st.sampled_from([1, 3]))
def test_images_keep_a_constant_and_the_padding_is_told(source, target, fit, channels):
    plan = plan_geometry(source, target, fit)
    image = np.full((*source, channels), 99, np.uint8)
    there = apply_to_image(image, plan, pad=5)
    assert there.shape == (*target, channels)
    top, left, height, width = plan.target_box
    assert (there[top : top + height, left : left + width] == 99).all()
    assert (there == 99).sum() == height * width * channels
    assert invert_image(there, plan).shape == image.shape


def test_aspect_ratio_is_kept():
    plan = plan_geometry((288, 384), (128, 128), "crop")
    assert plan.source_box == (0, 48, 288, 288)
    assert plan_geometry((288, 384), (128, 128), "letterbox").target_box == (16, 0, 96, 128)


def test_image_and_labels_stay_aligned():
    labels = np.zeros((300, 200), np.uint8)
    labels[100:180, 60:140] = 1
    image = np.repeat(labels[..., None] * 255, 3, axis=2)
    for fit in ("crop", "letterbox", "stretch"):
        plan = plan_geometry((300, 200), (64, 96), fit)
        seen = apply_to_image(image, plan)[..., 0] > 127
        assert np.mean(seen != (apply_to_labels(labels, plan) > 0)) < 0.02
