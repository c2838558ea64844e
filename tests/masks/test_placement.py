"""A step that puts foreground where none is seen is drawn again at once."""

import numpy as np

from medsynth.core.seeds import generator
from medsynth.core.types import Mask
from medsynth.masks.operators import operator
from medsynth.masks.options import MaskOptions
from medsynth.masks.perturbation import DrawContext
from medsynth.masks.placement import Placement
from medsynth.masks.plausibility import rules_of
from medsynth.masks.policy import Policy
from medsynth.masks.profile import profile_of


def lesion(row: int, col: int) -> Mask:
    y, x = np.mgrid[:64, :64]
    return Mask((np.hypot(y - row, x - col) < 8).astype(np.uint8))


def near_the_top() -> tuple[list[Mask], Placement]:
    """Forty masks whose lesions lie in the upper half, and where the first's may lie."""
    rng = np.random.default_rng(0)
    masks = [lesion(int(rng.integers(12, 24)), int(rng.integers(14, 50))) for _ in range(40)]
    profile, looks = profile_of(masks)
    return masks, Placement(rules_of(profile, 0.025, 0.02), looks[0].features)


def test_places_of_the_training_masks_hold_and_others_do_not() -> None:
    masks, placement = near_the_top()
    assert placement.holds(masks[0])
    assert not placement.holds(lesion(50, 32))
    assert not placement.holds(lesion(2, 32))  # the frame cuts it
    assert not placement.holds(Mask(np.zeros((64, 64), np.uint8)))


def test_steps_are_drawn_again_until_they_hold_and_replay() -> None:
    masks, placement = near_the_top()
    options = MaskOptions(policy=[{"op": "flip"}, {"op": "affine"}])
    policy, context = Policy(options.policy, 1), DrawContext(masks[0], "a")
    held = {None: 0, placement: 0}
    for asked in held:
        for seed in range(40):
            steps, mask = policy.draw(generator(seed, "t"), context, asked)
            replayed = masks[0]
            for step in steps:
                replayed = operator(step.op).apply(replayed, step, {})
            assert len(steps) == 2
            assert replayed.same_as(mask)
            held[asked] += placement.holds(mask)
    assert held[None] < 24
    assert held[placement] >= 36
