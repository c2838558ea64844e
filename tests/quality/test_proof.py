"""Scores, intervals and words of the proof: each can fail."""

import numpy as np
import pytest

from medsynth.quality.proof.agreement import agreement
from medsynth.quality.proof.verdict import compare, in_words


def square(top: int, left: int, side: int, size: int = 40) -> np.ndarray:
    mask = np.zeros((1, size, size), np.uint8)
    mask[0, top : top + side, left : left + side] = 1
    return mask


def test_scores_of_shifted_squares():
    found = agreement(square(10, 10, 10), square(10, 14, 10), 2)
    assert found.dice[0, 0] == pytest.approx(0.6)
    assert found.iou[0, 0] == pytest.approx(0.6 / 1.4)
    assert found.hd95_px[0, 0] == pytest.approx(4)


def test_hd95_is_that_of_the_definition():
    from scipy.spatial.distance import cdist
    from skimage.segmentation import find_boundaries

    a, b = square(5, 6, 17), square(9, 12, 13)
    a[0, 30:33, 30:34] = 1
    outlines = [np.argwhere(find_boundaries(m[0] > 0, mode="inner")) for m in (a, b)]
    apart = cdist(*outlines)
    truth = max(np.quantile(apart.min(1), 0.95), np.quantile(apart.min(0), 0.95))
    assert agreement(a, b, 2).hd95_px[0, 0] == pytest.approx(truth)


def test_what_is_not_there():
    nothing, something = np.zeros((1, 40, 40), np.uint8), square(3, 3, 9)
    both = agreement(nothing, nothing, 3)
    assert np.isnan(both.dice).all()
    assert both.per_image().tolist() == [1.0]
    missed = agreement(nothing, something, 3)
    assert missed.dice[0, 0] == 0
    assert missed.hd95_px[0, 0] == pytest.approx(np.hypot(40, 40))
    assert np.isnan(missed.dice[0, 1])


def scores(gain, spread_groups, spread_seeds, seeds=5, groups=20, each=6, seed=0):
    """Return arm and base (S, N), with a true gain and noise of both kinds; and the groups."""
    rng = np.random.default_rng(seed)
    names = [f"g{k // each}" for k in range(groups * each)]
    base = 0.7 + rng.normal(0, 0.1, (1, groups * each)) + rng.normal(0, 0.01, (seeds, 1))
    own = np.repeat(rng.normal(0, spread_groups, groups), each)
    arm = base + gain + own[None] + rng.normal(0, spread_seeds, (seeds, 1))
    return arm, base, names


def test_a_gain_is_found_and_a_loss():
    up = compare(*scores(0.03, 0.02, 0.005))
    assert (up.word, up.seeds_to_settle) == ("helps", None)
    assert up.low < 0.03 < up.high
    assert "helps: +3" in in_words(up, "synthetic", "classic")
    down = compare(*scores(-0.03, 0.02, 0.005))
    assert down.word == "hurts"
    assert "hurts: -3" in in_words(down, "synthetic", "classic")


def test_chance_is_no_evidence_and_the_same_is_nothing():
    arm, base, groups = scores(0.004, 0.05, 0.01)
    found = compare(arm, base, groups)
    assert found.word == "no evidence"
    assert "No evidence" in in_words(found, "synthetic", "classic")
    same = compare(base, base, groups)
    assert (same.gain, same.low, same.high, same.word) == (0, 0, 0, "no evidence")
    assert same.groups_gained == 0
    assert "They do not differ at all" in in_words(same, "a", "b")


def test_intervals_cover_the_truth_about_as_often_as_they_say():
    held = [
        (found := compare(*scores(0.01, 0.04, 0.01, seeds=8, groups=30, each=2, seed=k))).low
        <= 0.01
        <= found.high
        for k in range(60)
    ]
    assert np.mean(held) > 0.85


def test_more_seeds_are_recommended_only_where_they_help():
    by_seed = compare(*scores(0.012, 0.001, 0.02, seeds=4, seed=2))
    assert by_seed.word == "no evidence"
    assert by_seed.seeds_to_settle is not None
    assert by_seed.seeds_to_settle > 4
    assert "seeds in all" in in_words(by_seed, "a", "b")
    base = np.full((5, 6), 0.7)
    arm = base + np.array([0.1, -0.08, 0.09, -0.1, 0.08, -0.06])
    by_group = compare(arm, base, [f"g{k}" for k in range(6)])
    assert by_group.seeds_to_settle is None
    said = in_words(by_group, "a", "b")
    assert "More seeds would not settle it" in said
    assert "Only 6 test groups" in said


def test_groups_and_not_images_are_what_counts():
    """A hundred frames of two videos are two, not a hundred."""
    rng = np.random.default_rng(1)
    base = np.full((5, 100), 0.7)
    arm = base + np.repeat([0.06, -0.02], 50)[None] + rng.normal(0, 0.001, (5, 1))
    many = [f"g{k}" for k in range(100)]
    assert compare(arm, base, many).word == "helps"
    two = compare(arm, base, [f"g{k // 50}" for k in range(100)])
    assert (two.word, two.groups, two.groups_gained) == ("no evidence", 2, 1)
    assert "over 2 test groups, 1 of them better, and 5 seeds" in in_words(two, "a", "b")


@pytest.mark.parametrize("groups", [2, 3, 6])
def test_few_groups_are_not_called_different_by_chance(groups):
    """Percentiles as they are would say so of 45 %, 26 % and 16 %."""
    said = [
        compare(*scores(0, 0.04, 0.005, seeds=4, groups=groups, each=2, seed=k)).word
        for k in range(80)
    ]
    assert np.mean([word != "no evidence" for word in said]) < 0.08


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_lucky_seeds_are_not_called_a_gain(seeds):
    """Of many groups alike, the seeds decide; percentiles as they are would say so of 47 %, 28 %,
    16 %."""
    said = [
        compare(*scores(0, 0.001, 0.02, seeds=seeds, groups=60, each=1, seed=k)).word
        for k in range(80)
    ]
    assert np.mean([word != "no evidence" for word in said]) < 0.12


def test_one_group_and_one_seed_settle_nothing():
    arm, base, groups = scores(0.05, 0.001, 0.001, seeds=1, groups=1)
    found = compare(arm, base, groups)
    assert (found.word, found.low, found.high) == ("no evidence", -1, 1)
    said = in_words(found, "synthetic", "classic")
    assert "A single seed tells nothing about chance" in said
    assert "A single test group tells nothing about others" in said
    assert "would not settle" not in said
    one = compare(*scores(0.05, 0.01, 0.001, seeds=1))
    assert (one.word, one.low, one.high) == ("no evidence", -1, 1)
    said = in_words(one, "a", "b")
    assert "A single seed" in said
    assert "(no interval over 20 test groups" in said


def test_chance_in_each_group_is_what_more_seeds_lessen():
    """Groups that do not differ but for each segmenter's luck: more seeds do settle it."""
    hopeless = 0
    for k in range(40):
        rng = np.random.default_rng(k)
        base = np.full((5, 10), 0.7)
        found = compare(base + 0.01 + rng.normal(0, 0.04, (5, 10)), base, list("abcdefghij"))
        hopeless += found.word == "no evidence" and found.gain > 0 and not found.seeds_to_settle
    assert hopeless < 16


def test_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match="equal shape"):
        compare(np.zeros((2, 3)), np.zeros((2, 4)), ["a"] * 3)
