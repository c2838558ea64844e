"""What masks are measured by, and the rules that follow from the training masks."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from medsynth.core.errors import InputError, NothingAcceptableError
from medsynth.core.types import Mask
from medsynth.masks.acceptance import count_redraws, count_relaxed
from medsynth.masks.contacts import contact_shares
from medsynth.masks.count_shares import CountShares
from medsynth.masks.features import feature_names, look_at
from medsynth.masks.flaws import IMPLAUSIBLE, RARE_COUNT
from medsynth.masks.instances import renumber
from medsynth.masks.moments import foreground_of, moments_of
from medsynth.masks.object_shapes import object_shapes
from medsynth.masks.options import MaskOptions
from medsynth.masks.plan import Planner
from medsynth.masks.plausibility import rules_of
from medsynth.masks.profile import profile_of

LABELS = arrays(
    np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.integers(0, 2)
)


def disc(radius: float, row: float = 32, col: float = 32, size: int = 64, squeeze: float = 1.0):
    y, x = np.mgrid[:size, :size]
    return ((y - row) ** 2 + ((x - col) / squeeze) ** 2 <= radius**2).astype(np.uint8)


def shapes(labels: np.ndarray):
    return object_shapes(Mask(labels), foreground_of(labels))


@given(LABELS)
def test_moments_are_those_of_the_pixels(labels) -> None:
    found = moments_of(foreground_of(labels))
    rows, cols = np.nonzero(labels)
    assert found.area_px == len(rows)
    if len(rows):
        assert math.isclose(found.row, rows.mean())
        assert math.isclose(found.var_cols, cols.var(), abs_tol=1e-9)


@given(LABELS, st.integers(0, 3))
@settings(deadline=None)
def test_flips_and_empty_or_full_masks_change_no_shape(labels, turn) -> None:
    here, there = shapes(labels), shapes(np.ascontiguousarray(np.rot90(labels, turn)))
    assert here.count == there.count
    assert np.isclose(here.median_px, there.median_px, equal_nan=True)
    assert np.isnan(here.solidity) == np.isnan(there.solidity)
    looked = look_at(Mask(labels), (1, 2))
    assert looked.features.shape == (len(feature_names((1, 2))),)
    assert not np.isinf(looked.features).any()


def test_discs_ellipses_and_stars_are_told_apart() -> None:
    round_, long = shapes(disc(20)), shapes(disc(10, squeeze=2.0))
    assert round_.count == long.count == 1
    assert round_.eccentricity < 0.05
    assert long.eccentricity == pytest.approx(1.0, abs=0.1)
    assert round_.solidity > 0.97
    assert abs(round_.roughness) < 0.03
    star = disc(25)
    star[30:34] = 0
    star[30:34, 30:] = 1
    assert shapes(star).solidity < 0.95
    assert shapes(star).roughness > 0.2
    assert shapes(disc(20)).median_px == pytest.approx(np.count_nonzero(disc(20)), rel=0.02)


def test_touching_instances_are_counted_apart_and_a_nucleus_is_not() -> None:
    labels = disc(20)
    ids = np.where(labels > 0, np.where(np.arange(64)[:, None] < 30, 1, 2), 0).astype(np.uint16)
    assert object_shapes(Mask(labels, ids), foreground_of(labels)).count == 2
    nested = labels + disc(8)
    ids = nested.astype(np.uint16)
    assert object_shapes(Mask(nested, ids), foreground_of(nested)).count == 1


def test_contacts_of_a_nucleus_are_with_its_cell_alone() -> None:
    shares = contact_shares(disc(20) + disc(8), (1, 2))
    assert shares[1].tolist() == [0, 1, 0]
    assert shares[0, 0] > 0.5
    assert np.isnan(contact_shares(disc(20), (1, 2))[1]).all()


def test_every_training_mask_is_as_odd_as_itself(sources) -> None:
    profile, looks = profile_of(list(sources.values()))
    rules = rules_of(profile, 0.1, 0.0)
    assert all(rules.worst_breach(look.features, look.features) is None for look in looks)
    assert profile.values.shape == (7, len(profile.names))
    assert np.isfinite(profile.in_space(profile.values)).all()


def test_bounds_are_wider_for_fewer_masks() -> None:
    rng = np.random.default_rng(0)
    masks = [Mask(disc(rng.uniform(8, 14), *rng.uniform(24, 40, 2))) for _ in range(80)]
    few, many = (rules_of(profile_of(masks[:n])[0], 0.02, 0.02) for n in (4, 80))
    assert (few.margin > many.margin).all()
    profile, looks = profile_of(masks)
    odd = profile.look(Mask(disc(28)))
    breach = rules_of(profile, 0.02, 0.02).worst_breach(odd.features, looks[0].features)
    assert breach is not None
    assert breach.rule in {"area of class 1", "object size"}
    assert "where training masks have" in breach.in_words()


def test_what_has_no_figure_breaks_no_rule(sources) -> None:
    profile, looks = profile_of(list(sources.values()))
    nothing = np.full(len(profile.names), np.nan)
    assert rules_of(profile, 0.02, 0).worst_breach(nothing, looks[0].features) is None


def wild(**more) -> MaskOptions:
    affine = {"op": "affine", "options": {"max_scale_change": 4, "max_anisotropy": 4}}
    novel = {"max_iou_with_real": 1, "max_iou_within": 1}
    return MaskOptions.model_validate({"policy": [affine], **novel, **more})


def discs(n: int = 30) -> dict[str, Mask]:
    rng = np.random.default_rng(1)
    return {f"d{k}": Mask(disc(rng.uniform(9, 13), *rng.uniform(28, 36, 2))) for k in range(n)}


def test_what_lies_outside_is_drawn_again_and_the_reason_is_counted() -> None:
    entries = [planned.entry for planned in Planner(discs(), wild(), 0).until(20)]
    reasons = count_redraws(entries)
    assert reasons
    assert all(reason.startswith((IMPLAUSIBLE, "too little")) for reason in reasons)
    off = Planner(discs(), wild(plausibility="off"), 0).until(20)
    assert not any(r.startswith(IMPLAUSIBLE) for each in off for r in each.entry.redrawn)


def test_a_rule_that_cannot_be_met_is_named_and_ends() -> None:
    entries = [each.entry for each in Planner(discs(), wild(max_redraws=0), 0).until(12)]
    relaxed = count_relaxed(entries)
    assert sum(relaxed.values()) > 0
    with pytest.raises(NothingAcceptableError, match="breaks a rule: ") as caught:
        list(Planner(discs(), wild(max_redraws=0, on_implausible="stop"), 0).until(12))
    assert "masks.plausible_tolerance" in (caught.value.tip or "")


def test_the_least_bad_draw_is_taken() -> None:
    """With more draws the rule that is broken most is broken less."""
    sources = discs()
    keys = sorted(sources)
    profile, looks = profile_of([sources[key] for key in keys])
    was = dict(zip(keys, looks, strict=True))

    def excesses(redraws: int) -> list[float]:
        options = wild(max_redraws=redraws, min_foreground_fraction_of_source=0)
        rules = rules_of(profile, options.plausible_quantile, options.plausible_tolerance)
        found = Planner(sources, options, 0).until(8)
        breaches = [
            rules.worst_breach(each.features, was[each.entry.source].features) for each in found
        ]
        return [breach.excess if breach else 0.0 for breach in breaches]

    few, many = excesses(0), excesses(6)
    assert all(more <= less for more, less in zip(many, few, strict=True))
    assert sum(many) < sum(few)


def test_numbers_of_objects_stay_as_frequent_as_they_are() -> None:
    """One training mask in ten has two objects; copy-paste would soon give most of them two."""
    rng = np.random.default_rng(2)
    found = {}
    for k in range(40):
        labels = disc(6, *rng.uniform(14, 50, 2))
        if k % 10 == 0:
            labels = disc(6, 12, 12) | disc(6, 50, 50)
        found[f"m{k:02d}"] = Mask(labels)
    options = {
        "policy": [{"op": "affine"}, {"op": "copy-paste", "p": 0.5}],
        "max_iou_with_real": 1,
    }
    entries = list(
        Planner(found, MaskOptions.model_validate(options | {"max_iou_within": 1}), 0).until(60)
    )
    column = list(feature_names((1,))).index("object count")
    two = np.mean([each.features[column] > 1.2 for each in entries])
    assert 0 < two < 0.4
    pasted = [any(step.params.get("pastes") for step in each.entry.steps) for each in entries]
    assert 0 < np.mean(pasted) < 0.4
    assert not count_redraws(each.entry for each in entries)[RARE_COUNT]  # no draw was in vain


@given(st.lists(st.integers(1, 40), min_size=1), st.integers(1, 40), st.integers(1, 40))
def test_a_chance_is_one_and_one_way_is_free(counts, a, b) -> None:
    shares = CountShares(counts)
    there, back = shares.chance(a, b), shares.chance(b, a)
    assert 0 < there <= 1
    assert max(there, back) == 1


@pytest.mark.parametrize(
    ("mask", "says"),
    [
        (Mask(np.zeros((4, 4), np.float32)), "its labels are float32"),
        (Mask(np.zeros((4, 4, 3), np.uint8)), "shape"),
        (Mask(np.zeros((0, 4), np.uint8)), "shape"),
        (Mask(np.ones((4, 4), np.uint8), np.ones((4, 5), np.uint16)), "instances are uint16"),
        (Mask(np.ones((4, 4), np.uint8), np.ones((4, 4), np.int32)), "instances are int32"),
        (Mask(np.ones((4, 4), np.uint8), np.full((4, 4), 2, np.uint16)), "instance 1 is missing"),
    ],
)
def test_what_is_no_mask_is_no_source(mask, says) -> None:
    with pytest.raises(InputError, match=says) as caught:
        Planner({"odd": mask}, MaskOptions(), 0)
    assert "'odd'" in caught.value.what


def test_as_many_instances_as_can_be_are_profiled() -> None:
    ids = renumber(np.arange(1, 65536, dtype=np.int64).reshape(255, 257))
    mask = Mask(np.ones(ids.shape, np.uint8), ids)
    profile, _ = profile_of([mask, mask])
    assert rules_of(profile, 0.02, 0.02).worst_breach(profile.values[0], profile.values[0]) is None
