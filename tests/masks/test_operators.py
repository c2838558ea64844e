"""What each built-in operator does, beyond the contract."""

import numpy as np
import pytest

from medsynth.core.errors import InputError, UsageError
from medsynth.core.types import Mask
from medsynth.masks.affine import Affine, inverse_matrix
from medsynth.masks.copy_paste import CopyPaste, CopyPasteOptions
from medsynth.masks.elastic import Elastic, ElasticOptions, spline_weights
from medsynth.masks.flip import Flip
from medsynth.masks.objects import find_objects
from medsynth.masks.operators import operator
from medsynth.masks.perturbation import DrawContext, Step


def square(size: int = 21) -> Mask:
    labels = np.zeros((size, size), np.uint8)
    labels[5:9, 5:12] = 1
    return Mask(labels)


def context_of(mask: Mask, **others: Mask) -> DrawContext:
    found = {"self": mask, **others}
    return DrawContext(mask, "self", found, sorted(found))


def affine_step(**changes: float | str) -> Step:
    still = {
        "rotation_deg": 0.0, "scale_rows": 1.0, "scale_cols": 1.0, "shear_deg": 0.0,
        "shift_rows_fraction": 0.0, "shift_cols_fraction": 0.0, "outside": "background",
    }  # fmt: skip
    return Step("affine", still | changes)


def test_a_quarter_turn_equals_rot90() -> None:
    mask = square()
    turned = Affine().apply(mask, affine_step(rotation_deg=90.0), {})
    assert any(np.array_equal(turned.labels, np.rot90(mask.labels, k)) for k in (1, 3))


def test_shift_moves_down_and_right() -> None:
    mask = square(20)
    moved = Affine().apply(mask, affine_step(shift_rows_fraction=0.1, shift_cols_fraction=0.25), {})
    np.testing.assert_array_equal(moved.labels, np.roll(mask.labels, (2, 5), (0, 1)))


def test_scale_grows_area() -> None:
    disc = Mask((np.hypot(*np.mgrid[-50:51, -50:51]) < 20).astype(np.uint8))
    grown = Affine().apply(disc, affine_step(scale_rows=1.5, scale_cols=1.5), {})
    assert grown.labels.sum() / disc.labels.sum() == pytest.approx(2.25, rel=0.02)


def test_inverse_matrix_is_the_inverse() -> None:
    turn, lean = np.radians([30, 10])
    forward = (
        np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        @ np.array([[1, 0], [np.tan(lean), 1]])
        @ np.diag([1.2, 0.9])
    )
    np.testing.assert_allclose(inverse_matrix(30, 1.2, 0.9, 10) @ forward, np.eye(2), atol=1e-8)


def test_a_cut_object_goes_on_mirrored_and_others_are_not_repeated() -> None:
    labels = np.zeros((10, 10), np.uint8)
    labels[:3, 4:6] = 1
    labels[2:4, 0:2] = 2
    step = {"shift_rows_fraction": 0.3}
    on = Affine().apply(Mask(labels), affine_step(**step, outside="mirror"), {})
    off = Affine().apply(Mask(labels), affine_step(**step), {})
    np.testing.assert_array_equal(on.labels[:3, 4:6], 1)
    assert not on.labels[:3, :4].any()
    assert not off.labels[:3].any()
    np.testing.assert_array_equal(on.labels[3:], labels[:7])


def test_a_nucleus_in_a_cut_cell_comes_again_as_a_new_instance() -> None:
    labels = np.zeros((20, 20), np.uint8)
    labels[:8, 4:12] = 1
    labels[2:4, 7:9] = 2
    instances = labels.astype(np.uint16)
    step = affine_step(shift_rows_fraction=0.25, outside="mirror")
    result = Affine().apply(Mask(labels, instances), step, {})
    assert result.instances is not None
    assert result.instances.max() == 3
    assert set(np.unique(result.instances[result.labels == 1])) == {1}


@pytest.mark.parametrize(("size", "intervals"), [(1, 1), (7, 4), (384, 4), (50, 32)])
def test_spline_weights_sum_to_one(size: int, intervals: int) -> None:
    weights = spline_weights(size, intervals)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert (weights >= 0).all()


@pytest.mark.parametrize("seed", range(5))
def test_the_strongest_elastic_does_not_fold(seed: int) -> None:
    options = ElasticOptions(max_shift_of_spacing=0.48)
    step = Elastic(options).draw(np.random.default_rng(seed), context_of(square()))
    grid = np.array([step.params["rows_of_spacing"], step.params["cols_of_spacing"]])
    grid = 0.48 * np.sign(grid)
    weights = spline_weights(400, 4)
    y, x = np.mgrid[:400, :400] + weights @ (grid * 100) @ weights.T
    jacobian = np.gradient(y, axis=0) * np.gradient(x, axis=1) - np.gradient(
        y, axis=1
    ) * np.gradient(x, axis=0)
    assert jacobian.min() > 0


def test_flip_reaches_all_eight_symmetries_and_only_four_off_square() -> None:
    labels = np.arange(9, dtype=np.uint8).reshape(3, 3)
    for mask, expected in ((Mask(labels), 8), (Mask(labels[:2].copy()), 4)):
        found = set()
        for seed in range(200):
            step = Flip().draw(np.random.default_rng(seed), context_of(mask))
            found.add(Flip().apply(mask, step, {}).labels.tobytes())
        assert len(found) == expected


def nested(instances: bool = False) -> Mask:
    labels = np.zeros((30, 30), np.uint8)
    labels[3:10, 3:10] = 1
    labels[5:8, 5:8] = 2
    labels[15:20, 15:20] = 1
    ids = np.zeros((30, 30), np.uint16)
    ids[labels == 1] = 1
    ids[labels == 2] = 2
    ids[15:20, 15:20] = 3
    return Mask(labels, ids if instances else None)


@pytest.mark.parametrize("instances", [False, True])
def test_a_nucleus_moves_with_its_cell(instances: bool) -> None:
    found, count = find_objects(nested(instances))
    assert count == 2
    assert found[4, 4] == found[6, 6] != found[16, 16]


def test_touching_instances_of_one_class_are_two_objects() -> None:
    labels = np.ones((4, 6), np.uint8)
    ids = np.ones((4, 6), np.uint16)
    ids[:, 3:] = 2
    assert find_objects(Mask(labels, ids))[1] == 2
    assert find_objects(Mask(labels))[1] == 1


@pytest.mark.parametrize("instances", [False, True])
def test_copy_paste_records_donors_and_limits_overlap(instances: bool) -> None:
    target, donor = nested(instances), nested(instances)
    operator = CopyPaste(CopyPasteOptions(max_overlap_fraction=0))
    pasted = 0
    for seed in range(40):
        step = operator.draw(np.random.default_rng(seed), context_of(target, other=donor))
        result = operator.apply(target, step, {"self": target, "other": donor})
        assert step.donors == (("other",) if step.params["pastes"] else ())
        np.testing.assert_array_equal(
            result.labels[target.labels > 0], target.labels[target.labels > 0]
        )
        pasted += len(step.params["pastes"])
        if instances and step.params["pastes"]:
            assert result.instances.max() > target.instances.max()
    assert pasted > 20


def test_copy_paste_adds_no_more_than_the_plan_takes() -> None:
    target, donor = nested(), nested()
    for room, pasted in ((0, {0}), (1, {0, 1}), (None, {0, 1, 2})):
        most = None if room is None else find_objects(target)[1] + room
        found = context_of(target, other=donor)
        found = DrawContext(target, "self", found.sources, found.source_ids, most_objects=most)
        steps = [CopyPaste().draw(np.random.default_rng(seed), found) for seed in range(40)]
        assert {len(step.params["pastes"]) for step in steps} == pasted


def test_copy_paste_keeps_a_cell_whole() -> None:
    target = square(40)
    donor = nested()
    for seed in range(20):
        step = CopyPaste().draw(np.random.default_rng(seed), context_of(target, other=donor))
        result = CopyPaste().apply(target, step, {"other": donor})
        if any(each["object"] == 1 for each in step.params["pastes"]):
            assert (result.labels == 2).any()
            break
    else:
        pytest.fail("the cell with a nucleus was never pasted")


def test_objects_cut_by_the_frame_are_not_donated() -> None:
    labels = np.zeros((20, 20), np.uint8)
    labels[:5, :5] = 1
    step = CopyPaste().draw(np.random.default_rng(0), context_of(square(), cut=Mask(labels)))
    assert step.params["pastes"] == []


def test_full_id_space_refuses_more_instances() -> None:
    crowd = np.arange(256 * 256, dtype=np.uint16).reshape(256, 256)
    target = Mask((crowd > 0).astype(np.uint8), crowd)
    options = CopyPasteOptions(max_overlap_fraction=1)
    step = CopyPaste(options).draw(np.random.default_rng(0), context_of(target, other=nested(True)))
    assert step.params["pastes"] == []


def test_a_missing_donor_is_named() -> None:
    paste = {"donor": "gone", "object": 1, "height": 2, "width": 2, "top": 0, "left": 0}
    with pytest.raises(InputError, match="'gone'"):
        CopyPaste().apply(square(), Step("copy-paste", {"pastes": [paste]}, ("gone",)), {})


def test_unknown_operator_gets_a_suggestion() -> None:
    with pytest.raises(UsageError, match="did you mean 'elastic'"):
        operator("elastics")


@pytest.mark.parametrize("value", [{}, {"op": 3, "params": {}, "donors": []}, "text", None])
def test_what_is_no_step_is_refused(value: object) -> None:
    with pytest.raises(InputError, match="not a perturbation step"):
        Step.from_json(value)
