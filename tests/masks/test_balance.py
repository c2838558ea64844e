"""A plan fills up what is rare, deterministically, and gives negatives their share."""

import json
from collections import Counter

import numpy as np
import pytest

from medsynth.core.errors import InputError, UsageError
from medsynth.core.options import parse_options
from medsynth.core.types import Mask
from medsynth.masks.options import MaskOptions
from medsynth.masks.plan import Planner
from medsynth.masks.plan_entry import PlanEntry

EMPTY = Mask(np.zeros((48, 48), np.uint8))


def squares(*corners: tuple[int, int, int, int]) -> Mask:
    """Squares of (row, column, side, class)."""
    labels = np.zeros((48, 48), np.uint8)
    for row, col, side, kind in corners:
        labels[row : row + side, col : col + side] = kind
    return Mask(labels)


SOURCES = (
    {f"big{k}": squares((10, 8 + k, 16 + k // 4 * 4, 1)) for k in range(8)}
    | {f"many{k}": squares((4, 4, 8, 1), (4, 30, 8, 1), (30, 10 + k, 9, 1)) for k in range(3)}
    | {"rare": squares((8, 8, 12, 1), (30, 30, 6, 2))}
)
GENTLE = {
    "policy": [{"op": "affine", "options": {"max_scale_change": 0.02, "max_shift_fraction": 0.05}}],
    "plausibility": "off",
    "max_iou_with_real": 1,
    "max_iou_within": 1,
}


def options(**more: object) -> MaskOptions:
    return parse_options(MaskOptions, GENTLE | more, "test")


def plan(n: int, chosen: MaskOptions, sources=SOURCES, seed: int = 0) -> list[PlanEntry]:
    return [planned.entry for planned in Planner(sources, chosen, seed).until(n)]


def test_rare_classes_are_filled_up() -> None:
    plain = Counter(entry.source for entry in plan(24, options()))
    assert plain["rare"] == 2
    kinds = Counter(k for e in plan(24, options(balance={"by": "class"})) for k in e.kinds)
    assert kinds["2"] == pytest.approx(kinds["1"], abs=2)


def test_a_target_of_sizes_and_counts_is_met() -> None:
    target = {"small": 0.5, "medium": 0.25, "large": 0.25}
    kinds = Counter(
        k for e in plan(40, options(balance={"by": "size", "target": target})) for k in e.kinds
    )
    assert kinds == pytest.approx({"small": 20, "medium": 10, "large": 10}, abs=2)
    kinds = Counter(k for e in plan(30, options(balance={"by": "count"})) for k in e.kinds)
    assert kinds == pytest.approx({"1": 15, "2-3": 15}, abs=2)


def test_sources_of_a_kind_are_used_alike() -> None:
    found = plan(36, options(balance={"by": "count"}))
    uses = Counter(entry.source for entry in found if entry.source.startswith("big"))
    assert max(uses.values()) - min(uses.values()) <= 1


@pytest.mark.parametrize("more", [{"by": "size"}, {"by": "class"}, {"by": "count"}, None])
@pytest.mark.parametrize("cut", [0, 1, 13])
def test_a_balanced_plan_extends_to_the_same(more, cut) -> None:
    chosen = options(balance=more, negatives=0.25, plausibility="on", max_iou_within=0.9)
    sources = SOURCES | {"none": EMPTY, "none2": EMPTY}
    whole = plan(24, chosen, sources)
    known = [PlanEntry.from_json(json.loads(json.dumps(e.to_json()))) for e in whole[:cut]]
    grown = Planner(sources, chosen, 0, known)
    assert [each.entry for each in grown.until(24)] == whole[cut:]


def test_negatives_have_the_stated_share() -> None:
    sources = SOURCES | {"none": EMPTY}
    for n in (10, 40):
        found = plan(n, options(negatives=0.3), sources)
        assert sum(entry.source == "none" for entry in found) == round(0.3 * n)
    assert not any(e.source == "none" for e in plan(26, options(negatives=0), sources))
    kept = plan(26, options(negatives="keep", balance={"by": "count"}), sources)
    assert sum(e.source == "none" for e in kept) == 2


def test_negatives_need_an_empty_mask() -> None:
    with pytest.raises(InputError, match=r"masks.negatives=0.2, but no training mask is empty"):
        Planner(SOURCES, options(negatives=0.2), 0)


@pytest.mark.parametrize(
    ("balance", "says"),
    [
        ({"by": "colour"}, "balance.by"),
        ({"by": "size", "target": {"small": 0.5}}, "sum to 0.5, not 1"),
        ({"by": "size", "target": {"small": 2}}, "balance.target.small"),
        ({"by": "size", "targt": "uniform"}, "did you mean 'target'"),
        ({"by": "size", "target": "even"}, "balance.target"),
    ],
)
def test_wrong_balances_are_named(balance, says) -> None:
    with pytest.raises(UsageError, match=says):
        options(balance=balance)


def test_a_target_that_no_mask_has_is_refused() -> None:
    with pytest.raises(UsageError, match="no training mask is of the class 7"):
        Planner(SOURCES, options(balance={"by": "class", "target": {7: 0.5, 1: 0.5}}), 0)


@pytest.mark.parametrize("share", [1, -0.1, "most"])
def test_wrong_shares_of_negatives(share) -> None:
    with pytest.raises(UsageError, match="negatives"):
        options(negatives=share)
