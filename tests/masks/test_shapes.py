"""What operators that change shapes do, beyond the contract."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import distance_transform_edt, label

from medsynth.core.types import Mask
from medsynth.masks.blend import Blend, BlendOptions
from medsynth.masks.boundary import move_boundary
from medsynth.masks.contour_noise import ContourNoise, ContourNoiseOptions
from medsynth.masks.cut import Cut, CutOptions
from medsynth.masks.grow import Grow, GrowOptions
from medsynth.masks.noise_field import noise_field
from medsynth.masks.perturbation import DrawContext, Step
from medsynth.masks.pose import place_in, place_out, pose_of
from medsynth.masks.reshape import without_specks
from medsynth.masks.shape_model import ShapeModel, ShapeModelOptions
from medsynth.masks.shape_space import sample_weights
from medsynth.masks.signed_distance import read_between, rounded, signed_distance
from medsynth.masks.smooth import Smooth
from medsynth.testing import check_perturbation


def ellipse(down: float, across: float, turn: float = 0, hw: tuple[int, int] = (96, 96)) -> Mask:
    y, x = np.mgrid[: hw[0], : hw[1]] - np.array(hw).reshape(2, 1, 1) / 2
    u, v = np.cos(turn) * y + np.sin(turn) * x, np.cos(turn) * x - np.sin(turn) * y
    return Mask(((u / down) ** 2 + (v / across) ** 2 < 1).astype(np.uint8))


def grown(mask: Mask, px: float, nested=(), most: float = 0.9) -> Mask:
    step = Step("grow", {"grow_px": px, "max_of_radius": most, "nested": list(nested)})
    return Grow().apply(mask, step, {})


def drawn(operator, sources: dict[str, Mask], seed: int = 0, nested=None):
    key = min(sources)
    context = DrawContext(sources[key], key, sources, sorted(sources), nested or {})
    step = operator.draw(np.random.default_rng(seed), context)
    return step, operator.apply(sources[key], step, sources)


@pytest.mark.parametrize("px", [-6, -2.5, 3, 8])
def test_growth_is_in_pixels(px: float) -> None:
    mask = ellipse(25, 25)
    radius = np.sqrt(np.count_nonzero(grown(mask, px).labels) / np.pi)
    assert radius == pytest.approx(25 + px, abs=0.5)


def test_nothing_vanishes_and_small_objects_move_less() -> None:
    labels = np.zeros((60, 60), np.uint8)
    labels[5:8, 5:8] = 1
    labels[20:55, 20:55] = 1
    small = np.s_[:11, :11]
    assert np.count_nonzero(grown(Mask(labels), -10, most=0.5).labels[small])
    assert np.count_nonzero(grown(Mask(labels), 10, most=0.5).labels[small]) <= 21
    thin = np.zeros((30, 30), np.uint8)
    thin[15, 2:28] = 1
    assert grown(Mask(thin), -3).same_as(Mask(thin))


@pytest.mark.parametrize("instances", [False, True])
def test_growing_objects_never_meet(instances: bool) -> None:
    labels = np.zeros((40, 60), np.uint8)
    labels[10:30, 5:25] = labels[10:30, 30:55] = 1
    ids = np.zeros((40, 60), np.uint16)
    ids[:, :27], ids[:, 27:] = labels[:, :27], 2 * labels[:, 27:]
    result = grown(Mask(labels, ids if instances else None), 8)
    assert label(result.labels, np.ones((3, 3)))[1] == 2
    assert np.count_nonzero(result.labels) > np.count_nonzero(labels) + 400


def test_touching_instances_stay_in_touch() -> None:
    labels = np.zeros((40, 40), np.uint8)
    labels[10:30, 5:35] = 1
    ids = labels.astype(np.uint16)
    ids[:, 20:] *= 2
    for px in (-4, 4):
        result = grown(Mask(labels, ids), px).instances
        assert result is not None
        assert ((result[:, 19] == 1) & (result[:, 20] == 2)).sum() == 20 + 2 * px


def test_a_dumbbell_keeps_its_lobes_and_a_hair_is_lost() -> None:
    labels = np.zeros((40, 80), np.uint8)
    labels[5:35, 5:30] = labels[5:35, 50:75] = 1
    labels[18:21, 30:50] = 1
    whole = grown(Mask(labels), -4)
    assert whole.same_as(Mask(labels))  # either lobe is too much to lose
    labels[:, 56:] = 0  # now one lobe, and a knob on a handle
    knob = grown(Mask(labels), -2.5)
    assert label(knob.labels)[1] == 1
    assert np.count_nonzero(knob.labels) < np.count_nonzero(labels)


def test_a_nucleus_grows_with_its_cell() -> None:
    labels = ellipse(30, 30).labels
    labels[ellipse(12, 12).labels > 0] = 2
    result = grown(Mask(labels), 5, nested=[[2, 1]]).labels
    assert np.sqrt(np.count_nonzero(result) / np.pi) == pytest.approx(35, abs=0.5)
    assert np.sqrt(np.count_nonzero(result == 2) / np.pi) == pytest.approx(17, abs=0.5)
    assert grown(Mask(labels), 0, nested=[[2, 1]]).same_as(Mask(labels))


def test_the_frame_is_no_boundary() -> None:
    labels = np.zeros((40, 40), np.uint8)
    labels[20:, :] = 1
    np.testing.assert_array_equal(grown(Mask(labels), -5).labels[25:], 1)


@pytest.mark.parametrize("wavelength", [8, 30.5, 500])
def test_the_field_has_its_rms_and_no_shorter_waves(wavelength: float) -> None:
    fields = [noise_field((240, 200), wavelength, k) for k in range(12)]
    assert fields[0].shape == (240, 200)
    if wavelength < 100:
        assert np.mean([np.sqrt((f**2).mean()) for f in fields]) == pytest.approx(1, rel=0.15)
        power = np.mean([np.abs(np.fft.rfft(f, axis=0)) ** 2 for f in fields], axis=0).sum(axis=1)
        short = np.arange(len(power)) > 2 * 240 / wavelength
        assert power[short].sum() < 0.02 * power.sum()


def test_the_field_is_the_same_for_ever() -> None:
    np.testing.assert_allclose(
        noise_field((3, 3), 4, 7)[0], noise_field((3, 3), 4, 7)[0], rtol=0, atol=0
    )
    assert not np.allclose(noise_field((9, 9), 4, 7), noise_field((9, 9), 4, 8))


def test_contours_waver_without_specks_or_holes() -> None:
    mask = ellipse(30, 36)
    for seed in range(15):
        options = ContourNoiseOptions(max_rms_px=3)
        _, result = drawn(ContourNoise(options), {"a": mask}, seed)
        assert label(result.labels)[1] == 1
        assert label(result.labels == 0)[1] == 1
        moved = np.count_nonzero(result.labels != mask.labels)
        assert moved < 0.35 * np.count_nonzero(mask.labels)


def test_signed_distance_agrees_with_scipy() -> None:
    region = ellipse(10, 20, 0.4).labels > 0
    expected = np.where(
        region, 0.5 - distance_transform_edt(region), distance_transform_edt(~region) - 0.5
    )
    np.testing.assert_allclose(signed_distance(region), expected, rtol=0.03, atol=0.1)
    assert (signed_distance(np.ones((3, 4), bool)) < -6).all()
    assert (signed_distance(np.zeros((3, 4), bool)) > 6).all()


def test_reading_between_pixels_is_bilinear() -> None:
    y, x = np.mgrid[:5, :7].astype(np.float32)
    plane = 2 * y + 3 * x
    rows, cols = np.array([[[0.25, 3.90625]], [[5.5, 0.125]]], np.float32)
    np.testing.assert_array_equal(read_between(plane, rows, cols), 2 * rows + 3 * cols)
    assert read_between(plane, rows[:, :1] + 9, cols[:, :1] - 9)[0, 0] == 8
    assert read_between(np.full((1, 1), 3, np.float32), rows, cols).tolist() == [[3.0, 3.0]]


def test_reading_between_pixels_rounds_nothing() -> None:
    rng = np.random.default_rng(0)
    values = rounded(rng.uniform(-4, 4, (9, 11)).astype(np.float32), 2048)
    rows, cols = rounded(rng.uniform(0, 8, (2, 40, 50)).astype(np.float32), 32)
    top, left = rows.astype(int).clip(0, 7), cols.astype(int)
    down, across, exact = rows - top, cols - left, values.astype(np.float64)
    upper = exact[top, left] * (1 - across) + exact[top, left + 1] * across
    lower = exact[top + 1, left] * (1 - across) + exact[top + 1, left + 1] * across
    np.testing.assert_array_equal(
        read_between(values, rows, cols), upper * (1 - down) + lower * down
    )


@pytest.mark.parametrize("turn", [0.0, 0.7, -1.2])
def test_a_pose_finds_the_long_axis_and_comes_back(turn: float) -> None:
    region = ellipse(30, 10, turn).labels > 0
    pose = pose_of(region)
    assert np.degrees(turn) % 180 == pytest.approx(pose.angle_deg % 180, abs=1.5)
    rows, cols = np.mgrid[:5, :5].astype(float)
    back = place_out(pose, *place_in(pose, rows, cols))
    np.testing.assert_allclose(back, (rows, cols), atol=1e-5)


def test_blends_lie_between_two_shapes() -> None:
    sources = {"a": ellipse(30, 12), "b": ellipse(20, 18, 1.0)}
    here = sources["a"].labels > 0
    for share, low, high in ((0.02, 0.97, 1.0), (0.5, 0.75, 0.95), (1.0, 0.5, 0.85)):
        options = BlendOptions(min_share=share, max_share=share)
        step, result = drawn(Blend(options), sources)
        there = result.labels > 0
        overlap = (here & there).sum() / (here | there).sum()
        assert low <= overlap <= high
        assert step.donors == ("b",)


def test_the_whole_of_a_donor_turns_into_the_objects_direction() -> None:
    sources = {"a": ellipse(30, 12), "b": ellipse(30, 12, 1.0)}
    _, result = drawn(Blend(BlendOptions(min_share=1, max_share=1)), sources)
    both = (result.labels > 0) & (sources["a"].labels > 0)
    assert both.sum() / ((result.labels > 0) | (sources["a"].labels > 0)).sum() > 0.93


def test_blend_and_shape_model_take_donors_of_the_same_classes_only(sources) -> None:
    plain = {"a": sources["case-0"], "b": Mask((sources["case-1"].labels > 0).astype(np.uint8))}
    if plain["a"].instances is not None:
        plain["b"] = Mask(plain["b"].labels, plain["b"].labels.astype(np.uint16))
    for operator in (Blend(), ShapeModel()):
        step, result = drawn(operator, plain)
        assert step.donors == ()
        assert result.same_as(plain["a"])


def test_sampled_shapes_are_one_piece_of_like_size() -> None:
    rng = np.random.default_rng(0)
    sources = {str(k): ellipse(*rng.uniform(15, 30, 2), rng.uniform(0, 3)) for k in range(12)}
    mask = sources["0"]
    for seed in range(10):
        step, result = drawn(ShapeModel(), sources, seed)
        assert label(result.labels)[1] == 1
        assert int(result.labels.sum()) == pytest.approx(int(mask.labels.sum()), rel=0.15)
        weights = [weight for _, _, weight in step.params["shapes"][0]["mix"]]
        assert sum(weights) == pytest.approx(1, abs=1e-9)


def test_weights_within_no_deviation_are_the_mean() -> None:
    rng = np.random.default_rng(3)
    maps = [rng.normal(size=(5, 5)) for _ in range(4)]
    assert sample_weights(maps, 0.9, 0, rng) == [0.25] * 4
    weights = np.array([sample_weights(maps, 1.0, 4, rng) for _ in range(4000)])
    sampled = np.tensordot(weights, np.stack(maps), 1)
    np.testing.assert_allclose(sampled.mean(axis=0), np.mean(maps, axis=0), atol=0.1)
    np.testing.assert_allclose(sampled.var(axis=0), np.var(maps, axis=0), rtol=0.15, atol=0.02)


def test_donors_are_found_again_whatever_the_options_now(sources) -> None:
    step, result = drawn(ShapeModel(ShapeModelOptions(max_donors=3)), sources, nested={2: 1})
    assert len(step.donors) <= 3
    key = min(sources)
    assert ShapeModel().apply(sources[key], step, sources).same_as(result)


def test_specks_and_pinholes_go() -> None:
    region = ellipse(20, 20).labels > 0
    region[48, 48], region[2, 2] = False, True
    np.testing.assert_array_equal(without_specks(region, 3), ellipse(20, 20).labels > 0)
    assert without_specks(region, 0).sum() == region.sum()


def test_cut_leaves_a_share(sources) -> None:
    labels = np.zeros((20, 100), np.uint8)
    labels[5:15, ::10] = 1
    mask = Mask(labels, (labels * (1 + np.arange(100) // 10)).astype(np.uint16))
    for seed in range(20):
        step, result = drawn(Cut(CutOptions(max_objects=9, max_fraction=0.3)), {"a": mask}, seed)
        assert 1 <= len(step.params["objects"]) <= 3
        assert result.instances is not None
        assert result.instances.max() == 10 - len(step.params["objects"])
    assert drawn(Cut(), {"a": ellipse(9, 9)})[0].params == {"objects": []}


def test_smoothing_takes_teeth_off_and_keeps_what_is_smooth() -> None:
    disc = ellipse(20, 24)
    teeth = disc.labels.copy()
    teeth[:, ::3] |= np.roll(disc.labels, 1, axis=0)[:, ::3]
    _, result = drawn(Smooth(), {"a": Mask(teeth)})
    assert np.count_nonzero(result.labels != disc.labels) < 10
    assert np.count_nonzero(drawn(Smooth(), {"a": disc})[1].labels != disc.labels) < 10


def test_wildest_options() -> None:
    check_perturbation(
        Grow, options=[GrowOptions(max_grow_px=50, max_shrink_px=50, max_of_radius=0.99)]
    )
    check_perturbation(
        ContourNoise,
        options=[ContourNoiseOptions(max_rms_px=99, min_wavelength_px=4, max_of_radius=0.99)],
    )
    check_perturbation(
        Blend, options=[BlendOptions(min_share=1, max_share=1, max_size_change=4, max_objects=99)]
    )
    check_perturbation(
        ShapeModel, options=[ShapeModelOptions(max_donors=2, max_sd=4, variance_kept=1)]
    )
    check_perturbation(Cut, options=[CutOptions(max_objects=100_000, max_fraction=1)])


@given(seed=st.integers(0, 2**32), px=st.floats(-6, 6), most=st.floats(0, 0.9))
@settings(max_examples=40, deadline=None)
def test_objects_keep_their_number_whatever_moves(seed: int, px: float, most: float) -> None:
    labels = (np.random.default_rng(seed).random((24, 30)) < 0.3).astype(np.uint8)
    before = label(labels, np.ones((3, 3)))[1]
    moved = move_boundary(Mask(labels), np.full((1, 1), px), most)
    assert label(moved.labels, np.ones((3, 3)))[1] == before


@given(seed=st.integers(0, 2**32), instances=st.booleans())
@settings(max_examples=40, deadline=None)
def test_smoothing_keeps_objects_and_what_belongs_to_each(seed: int, instances: bool) -> None:
    rng = np.random.default_rng(seed)
    ids = np.zeros((60, 80), np.uint16)
    y, x = np.mgrid[:60, :80]
    for number in range(1, 9):
        away = np.hypot(y - rng.uniform(0, 60), x - rng.uniform(0, 80))
        ids[(away < rng.uniform(2, 12)) & (ids == 0)] = number
    ids = np.unique(ids, return_inverse=True)[1].reshape(ids.shape).astype(np.uint16)
    mask = Mask((ids > 0).astype(np.uint8), ids if instances else None)
    result = Smooth().apply(mask, Step("smooth", {"window_px": 5, "nested": []}), {})
    assert label(result.labels, np.ones((3, 3)))[1] == label(mask.labels, np.ones((3, 3)))[1]
    if result.instances is not None:
        assert result.instances.max() == ids.max()
        both = (ids > 0) & (result.instances > 0)
        np.testing.assert_array_equal(ids[both], result.instances[both])
