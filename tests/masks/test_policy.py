"""The policy: what it draws, in which order, and what it refuses, by which key."""

from collections import Counter

import numpy as np
import pytest

from medsynth.core.errors import UsageError
from medsynth.core.options import parse_options
from medsynth.core.types import Mask
from medsynth.masks.options import MaskOptions
from medsynth.masks.perturbation import DrawContext
from medsynth.masks.plan import extend_plan
from medsynth.masks.policies import POLICIES
from medsynth.masks.policy import Policy


def options_of(policy: object) -> MaskOptions:
    return parse_options(MaskOptions, {"policy": policy}, "recipe x")


def drawn(policy: object, sources: dict[str, Mask], seed: int) -> list[str]:
    key = min(sources)
    context = DrawContext(sources[key], key, sources, sorted(sources))
    steps, mask = Policy(options_of(policy).policy, len(sources)).draw(
        np.random.default_rng(seed), context
    )
    assert mask.hw == sources[key].hw
    return [step.op for step in steps]


def test_operators_chains_and_choices_come_in_order(sources) -> None:
    policy = [
        {"op": "grow"},
        {"sequence": [{"op": "flip"}, {"one_of": [{"op": "affine"}, {"op": "elastic"}]}]},
        {"op": "cut", "p": 0},
    ]
    found = {tuple(drawn(policy, sources, seed)) for seed in range(20)}
    assert found == {("grow", "flip", "affine"), ("grow", "flip", "elastic")}


def test_weights_and_chances_are_kept(sources) -> None:
    policy = [{"one_of": [{"op": "grow"}, {"op": "flip"}], "weights": [0.8, 0.2], "p": 0.5}]
    counts = Counter(name for seed in range(400) for name in drawn(policy, sources, seed))
    assert 0.4 < counts.total() / 400 < 0.6
    assert 0.7 < counts["grow"] / counts.total() < 0.9


@pytest.mark.parametrize("name", sorted(POLICIES))
def test_named_policies_are_written_out_and_come_back(name, sources) -> None:
    options = options_of(name)
    plain = options.model_dump(mode="json")
    assert "one_of" not in plain["policy"][0]
    assert MaskOptions.model_validate(plain) == options
    assert len(list(extend_plan([], 5, sources, options, 0))) == 5


def test_paper_is_flip_scale_and_shift(sources) -> None:
    for entry in extend_plan([], 10, sources, options_of("paper"), 0):
        flip, affine = entry.steps
        assert (flip.op, affine.op) == ("flip", "affine")
        assert flip.params["transpose"] is False
        assert affine.params["rotation_deg"] == affine.params["shear_deg"] == 0
        assert affine.params["scale_rows"] == affine.params["scale_cols"]


@pytest.mark.parametrize(
    ("policy", "says"),
    [
        ("papr", r"policy: unknown policy 'papr': did you mean 'paper'\?"),
        ([{"op": "afine"}], r"policy\.0\.op: unknown perturbation 'afine': did you mean 'affine'"),
        ([{"op": "flip"}, {"one_of": [{"op": "blnd"}]}], r"policy\.1\.one_of\.0\.op: .*'blend'"),
        ([{"op": "flip", "p": 2}], r"policy\.0\.p: .*\(got 2\)"),
        ([{"op": "flip", "prob": 1}], "unknown key 'policy.0.prob': known: .*weights"),
        ([{"op": "affine", "options": {"max_rotation": 3}}], r"policy\.0\.options: .*_deg"),
        ([{"op": "grow", "options": {"strength": 1.5}}], r"policy\.0\.options: .*strength"),
        ([{"op": "elastic", "options": {"max_shift_of_spacing": 1}}], "0.48"),
        ([{"op": "blend", "options": {"min_share": 0.9}}], "min_share is more than max_share"),
        ([{"op": "contour-noise", "options": {"max_wavelength_px": 5}}], "min_wavelength_px is"),
        ([{"op": "elastic", "options": 3}], r"policy\.0\.options"),
        ([{"one_of": [{"op": "flip"}, {"op": "cut"}], "weights": [0.5, 0.4]}], "sum to 1.*0.9"),
        ([{"one_of": [{"op": "flip"}], "weights": [0.5, 0.5]}], r"0\.weights: needs one weight"),
        ([{"op": "flip", "weights": [1]}], r"policy\.0\.weights"),
        ([{"one_of": []}], "one_of is empty"),
        ([{"op": "flip", "sequence": []}], "needs one of op, one_of and sequence"),
        ([{"sequence": [{"op": "flip"}], "options": {"strength": 1}}], "options are an operator's"),
        ([{"p": 1}], r"policy\.0: needs one of op"),
        ([7], r"policy\.0"),
    ],
)
def test_mistakes_are_named_by_their_key(policy, says) -> None:
    with pytest.raises(UsageError, match=says):
        options_of(policy)


def test_an_operator_that_needs_two_masks_given_one(sources) -> None:
    one = {"a": sources["case-0"]}
    policy = [{"op": "flip"}, {"one_of": [{"op": "blend"}, {"op": "grow"}]}]
    with pytest.raises(UsageError, match=r"masks\.policy\.1\.one_of\.0\.op: blend needs 2 masks"):
        list(extend_plan([], 2, one, options_of(policy), 0))
    ops = {s.op for e in extend_plan([], 20, one, options_of("default"), 0) for s in e.steps}
    assert ops.isdisjoint({"blend", "shape-model", "copy-paste"})
    assert "affine" in ops
