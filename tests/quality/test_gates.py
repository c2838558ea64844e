"""Gates: a contract over the registry, and what each of them is for."""

import numpy as np
import pytest

from medsynth.quality.gates.gate import GATES, GateContext, Pairs, Verdict, calibrated
from medsynth.quality.gates.options import GateOptions
from medsynth.quality.gates.trivial import Trivial


def scene(seed: int, size: int = 64) -> tuple[np.ndarray, np.ndarray]:
    """Return smooth tissue with a bright disc, and the disc's mask."""
    import cv2

    rng = np.random.default_rng(seed)
    tissue = cv2.GaussianBlur(rng.normal(0, 1, (size, size)).astype(np.float32), (0, 0), 4)
    y, x = np.mgrid[:size, :size]
    row, col, radius = [*rng.uniform(16, 48, 2).tolist(), rng.uniform(7, 13)]
    disc = (y - row) ** 2 + (x - col) ** 2 < radius**2
    grey = 110 + 400 * tissue + rng.normal(0, 4, (size, size)) + 70 * disc
    return np.clip(grey, 0, 255).astype(np.uint8)[..., None], disc.astype(np.uint8)


def pairs(seeds: range) -> Pairs:
    found = [scene(seed) for seed in seeds]
    images, labels = (np.stack(each) for each in zip(*found, strict=True))
    return Pairs(images, labels, [frozenset([f"g{seed}"]) for seed in seeds])


def predict(images, groups):
    """A segmenter for these scenes: what is far brighter than the image's median."""
    import cv2

    smooth = np.stack([cv2.GaussianBlur(each[..., 0], (0, 0), 2) for each in images])
    return (smooth > np.median(smooth, (1, 2), keepdims=True) + 40).astype(np.uint8)


@pytest.fixture(scope="module")
def context():
    return GateContext(pairs(range(24)), pairs(range(100, 140)), predict, 0.05)


@pytest.mark.parametrize("name", GATES.names())
class TestContract:
    def test_new_real_images_pass_at_about_the_rate(self, name, context):
        verdicts = GATES.get(name)(context).judge(pairs(range(200, 260)))
        assert np.mean([verdict.passed for verdict in verdicts]) > 0.8

    def test_verdicts_are_plain_and_repeatable(self, name, context):
        gate = GATES.get(name)(context)
        few = pairs(range(300, 303))
        first = [verdict.to_json() for verdict in gate.judge(few)]
        assert first == [verdict.to_json() for verdict in gate.judge(few)]
        assert [set(each) for each in first] == [{"score", "threshold", "percentile", "passed"}] * 3

    def test_an_image_is_judged_alike_alone_and_among_others(self, name, context):
        gate = GATES.get(name)(context)
        many = pairs(range(300, 306))
        together = [verdict.to_json() for verdict in gate.judge(many)]
        alone = [gate.judge(many.rows([k]))[0].to_json() for k in range(6)]
        assert together == alone

    def test_nothing_and_summaries(self, name, context):
        kind = GATES.get(name)
        assert kind(context).judge(pairs(range(3)).rows([])) == []
        assert kind.summary.startswith("refuses")
        assert kind.complaint

    def test_without_held_out_pairs_it_can_be_made(self, name, context):
        empty = GateContext(context.train, context.held_out.rows([]), predict, 0.05)
        assert len(GATES.get(name)(empty).judge(pairs(range(3)))) == 3


def judged(name, context, images, labels=None):
    few = pairs(range(400, 400 + len(images)))
    asked = Pairs(images, few.labels if labels is None else labels, few.groups)
    return [verdict.passed for verdict in GATES.get(name)(context).judge(asked)]


def test_trivial_catches_black_flat_and_saturated_images(context):
    noise = np.random.default_rng(0).integers(0, 2, (64, 64, 1)).astype(np.uint8) * 255
    grey = np.full((64, 64, 1), 120, np.uint8)
    images = np.stack([np.zeros((64, 64, 1), np.uint8), grey, noise, scene(7)[0]])
    assert judged("trivial", context, images) == [False, False, False, True]


def test_images_may_be_as_dark_as_real_ones_are():
    """Fluorescence: most of a real image is black."""
    stars = np.zeros((12, 64, 64, 1), np.uint8)
    stars[:, 10:20, 10:20] = 200
    labels = (stars[..., 0] > 0).astype(np.uint8)
    dark = Pairs(stars, labels, [frozenset([str(k)]) for k in range(12)])
    gate = Trivial(GateContext(dark, dark, predict, 0.05))
    assert all(verdict.passed for verdict in gate.judge(dark))
    black = Pairs(np.zeros_like(stars), labels, dark.groups)
    assert not any(verdict.passed for verdict in gate.judge(black))


def test_faithful_catches_masks_that_are_not_shown(context):
    shown = pairs(range(400, 410))
    assert sum(judged("faithful", context, shown.images)) >= 8
    shuffled = np.roll(shown.labels, 1, 0)
    assert sum(judged("faithful", context, shown.images, shuffled)) <= 3
    without = np.tile(shown.images.min((1, 2), keepdims=True), (1, 64, 64, 1)) + shown.images % 9
    assert not any(judged("faithful", context, without))


def test_faithful_says_where_it_cannot_judge(context):
    assert "warning" not in GATES.get("faithful")(context).about

    def blind(images, groups):
        return np.zeros(images.shape[:3], np.uint8)

    gate = GATES.get("faithful")(GateContext(context.train, context.held_out, blind, 0.05))
    about = gate.about
    assert (about["real_mean_dice"], about["threshold"]) == (0, 0)
    assert about["passing_with_others_masks"] == 1
    assert "cannot judge whether images show their masks" in about["warning"]
    assert "a mean Dice of 0.00 on 40 real held-out images" in about["warning"]
    assert "Give the segmenters more steps" in about["warning"]
    one_group = Pairs(context.held_out.images, context.held_out.labels, [frozenset("a")] * 40)
    alone = GATES.get("faithful")(GateContext(context.train, one_group, blind, 0.05)).about
    assert "passing_with_others_masks" not in alone  # nobody's mask is known to be wrong


def test_faithful_says_where_it_sees_but_misses_more_than_it_may_refuse(context):
    held_out = context.held_out
    true = dict(zip(held_out.groups, held_out.labels, strict=True))

    def absent_minded(images, groups):
        return np.stack([true[each] * (int(min(each)[1:]) % 8 != 0) for each in groups])

    gate = GATES.get("faithful")(GateContext(context.train, held_out, absent_minded, 0.05))
    assert gate.about["threshold"] == 0
    assert gate.about["real_mean_dice"] > 0.8
    assert "miss 5% altogether, which sets the threshold: gates.rate=0.1" in gate.about["warning"]


def test_an_empty_mask_wants_an_empty_image(context):
    empty = np.zeros((2, 64, 64), np.uint8)
    with_disc = scene(500)[0]
    without = np.clip(with_disc.astype(int).min() + with_disc % 20, 0, 255).astype(np.uint8)
    assert judged("faithful", context, np.stack([with_disc, without]), empty) == [False, True]


def test_novel_where_all_pairs_are_of_one_patient(context):
    """No real image of another patient says what is usual; only copies are refused."""

    def of_one(some):
        return Pairs(some.images, some.labels, [frozenset(["only"])] * len(some))

    train = of_one(context.train)
    alone = GATES.get("novel")(GateContext(train, train, predict, 0.05))
    assert "cannot tell what is usual between patients" in alone.about["warning"]
    assert all(verdict.passed for verdict in alone.judge(pairs(range(500, 512))))
    copies = Pairs(train.images[:3], train.labels[:3], [frozenset(["made"])] * 3)
    assert not any(verdict.passed for verdict in alone.judge(copies))
    some = GATES.get("novel")(GateContext(train, context.held_out, predict, 0.05))
    assert some.about["real_images"] == len(context.held_out)


def test_novel_catches_copies_where_the_split_leaks(context):
    """Three real images held out show what training images show, under other names."""
    train, held_out = context.train, context.held_out
    leaky = Pairs(
        np.concatenate([train.images[:3], held_out.images[3:]]),
        np.concatenate([train.labels[:3], held_out.labels[3:]]),
        held_out.groups,
    )
    leaking = GateContext(train, leaky, predict, 0.05)
    gate = GATES.get("novel")(leaking)
    assert "leaves 3 of the 40 real images out" in gate.about["warning"]
    assert gate.about["real_images"] == 37
    assert not any(judged("novel", leaking, train.images[:10], train.labels[:10]))
    assert "warning" not in GATES.get("novel")(context).about
    copies = leaky.rows([0, 1, 2])
    nothing_else = GATES.get("novel")(GateContext(train, copies, predict, 0.05))
    assert "leaves 3 of the 3 real images out" in nothing_else.about["warning"]
    assert [each.passed for each in nothing_else.judge(pairs(range(500, 503)))] == [True] * 3
    assert [each.passed for each in nothing_else.judge(copies)] == [False] * 3


def test_frames_of_one_video_are_no_leak_within_their_group(context):
    """Thresholds set on train, for want of val: a frame's neighbours are of its own group."""
    some = context.train
    video = Pairs(
        np.concatenate([some.images, np.roll(some.images, 1, 2)]),
        np.concatenate([some.labels, np.roll(some.labels, 1, 2)]),
        [*some.groups, *some.groups],
    )
    about = GATES.get("novel")(GateContext(video, video, predict, 0.05)).about
    assert about["real_images"] == 48
    assert "warning" not in about


def test_novel_catches_copies_and_flipped_copies(context):
    train = context.train.images
    copies = np.stack([train[0], train[3, ::-1], train[5, :, ::-1]])
    assert judged("novel", context, copies) == [False, False, False]


def test_thresholds_are_quantiles_of_held_out_scores():
    held_out = np.arange(100) / 100
    low, high = calibrated(np.array([0.02, 0.5]), held_out, 0.05)
    assert (low.passed, high.passed) == (False, True)
    assert low.threshold == pytest.approx(0.0495)
    assert (low.percentile, high.percentile) == (0.02, 0.5)
    assert calibrated(np.array([0.1]), np.zeros(0), 0.05)[0] == Verdict(0.1, 0.0, None)


def test_modes():
    assert GateOptions().modes() == dict.fromkeys(["faithful", "novel", "trivial"], "enforce")
    assert GateOptions(mode="off").modes() == {"trivial": "enforce"}
    assert GateOptions(mode="score", novel="off").modes() == {
        "faithful": "score",
        "trivial": "score",
    }
    assert GateOptions(mode="off", faithful="enforce").modes()["faithful"] == "enforce"
