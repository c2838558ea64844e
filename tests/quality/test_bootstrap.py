import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth.quality.bootstrap import bootstrap, draw_groups, group_weights, weighted_mean


@given(st.integers(0, 10**6), st.lists(st.sampled_from("abcd"), min_size=1, max_size=12))
def test_groups_are_drawn_whole(seed, groups):
    weights = group_weights(groups, np.random.default_rng(seed), 20)
    names = sorted(set(groups))
    assert weights.shape == (20, len(groups))
    of_group = np.array([weights[:, groups.index(name)] for name in names])
    assert (of_group.sum(0) == len(names)).all()
    for item, group in enumerate(groups):
        assert (weights[:, item] == of_group[names.index(group)]).all()


def test_the_interval_of_a_mean_is_the_known_one():
    rng = np.random.default_rng(0)
    values = rng.normal(5, 2, 400)
    low, high = bootstrap(weighted_mean(values), [group_weights(np.arange(400), rng)])
    half = 1.96 * values.std() / np.sqrt(400)
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half), abs=0.05)


def test_repeating_each_image_makes_it_no_narrower():
    rng = np.random.default_rng(0)
    values = rng.normal(size=50)
    once = bootstrap(weighted_mean(values), [group_weights(np.arange(50), rng)])
    groups = np.repeat(np.arange(50), 9)
    often = bootstrap(weighted_mean(np.repeat(values, 9)), [group_weights(groups, rng)])
    assert often == pytest.approx(once, abs=0.06)


def test_resamples_without_a_number_do_not_count():
    rng = np.random.default_rng(0)
    draws = draw_groups(2, rng, 50)
    low, high = bootstrap(lambda w: np.nan if w[0] == 2 else float(w[0]), [draws])
    assert 0 <= low <= high <= 1
    with pytest.raises(ValueError, match="too few groups"):
        bootstrap(lambda _: np.nan, [draws])
