import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from medsynth.quality.membership import advantage, membership, wins

LOSSES = arrays(np.float64, st.integers(1, 8), elements=st.integers(0, 5).map(float))


@given(LOSSES, LOSSES)
def test_as_defined(train, rest):
    pairs = [(t < r) + 0.5 * (t == r) for t in train for r in rest]
    assert wins(train, rest).mean() == pytest.approx(np.mean(pairs))
    best = max([0, *((train <= x).mean() - (rest <= x).mean() for x in (*train, *rest))])
    assert advantage(train, rest) == pytest.approx(best)


def test_a_model_that_has_learned_its_images_by_heart():
    rng = np.random.default_rng(0)
    found = membership(rng.normal(0, 1, 60), rng.normal(3, 1, 40), rng)
    assert found.auc > 0.95
    assert found.interval.low > 0.9
    assert found.advantage > 0.8


def test_a_model_that_has_not():
    rng = np.random.default_rng(0)
    found = membership(rng.normal(size=300), rng.normal(size=300), rng)
    assert found.interval.low < 0.5 < found.interval.high


def test_groups_widen_the_interval():
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(8), 10)
    train, rest = (rng.normal(size=8)[groups] + 0.1 * rng.normal(size=80) for _ in range(2))
    alone = membership(train, rest, np.random.default_rng(1)).interval
    grouped = membership(train, rest, np.random.default_rng(1), groups, groups).interval
    assert grouped.high - grouped.low > 1.5 * (alone.high - alone.low)
    assert membership(train, rest, rng, groups * 0, groups).interval is None


@pytest.mark.parametrize("bad", [np.empty(0), np.array([np.nan])])
def test_losses_that_say_nothing(bad):
    with pytest.raises(ValueError, match="finite losses"):
        membership(bad, np.ones(3), np.random.default_rng(0))
