import numpy as np
import pytest

from medsynth.quality.privacy import nearest, nearness


def test_the_nearest_original_and_the_worst_pairs():
    rng = np.random.default_rng(0)
    train = rng.normal(1000, 1, size=(2500, 6))
    copies = train[[7, 2, 2400]] + np.array([[0.2], [0.0], [0.1]])
    found = nearest(copies, train)
    assert found.original.tolist() == [7, 2, 2400]
    assert found.distance == pytest.approx(np.array([0.2, 0, 0.1]) * np.sqrt(6), abs=1e-5)
    assert found.worst(2).tolist() == [1, 2]
    assert len(nearest(np.empty((0, 6)), train).distance) == 0


def test_the_rate_is_the_usual_one_where_nothing_is_copied():
    rng = np.random.default_rng(0)
    train, rest, made = (rng.normal(size=(n, 8)) for n in (400, 400, 400))
    found = nearness(nearest(made, train).distance, nearest(rest, train).distance, rng)
    assert found.interval.low <= 0.05 <= found.interval.high
    assert found.quantile == 0.05


def test_copies_raise_the_rate():
    rng = np.random.default_rng(0)
    train, rest, made = (rng.normal(size=(n, 8)) for n in (400, 400, 400))
    made[:100] = train[:100] + 0.05 * rng.normal(size=(100, 8))
    found = nearness(nearest(made, train).distance, nearest(rest, train).distance, rng)
    assert 0.24 < found.rate < 0.35
    assert found.interval.low > 0.15


@pytest.mark.parametrize(("made", "rate"), [(np.full(24, 2.0), 0), (np.zeros(24), 1)])
def test_a_rate_of_none_or_all_is_not_certain(made, rate):
    """A resample of 24 images none of which is near has none that is near."""
    rng = np.random.default_rng(0)
    held_out = np.linspace(0.5, 1, 200)
    alone = nearness(made, held_out, rng, draws=50)
    assert alone.rate == rate
    low, high = (1 - alone.interval.high, 1 - alone.interval.low) if rate else alone.interval
    assert (low, round(high, 3)) == (0, 0.142), "as Clopper and Pearson have it for 0 of 24"
    grouped = nearness(made, held_out, rng, np.arange(24) // 6, draws=50)
    width = grouped.interval.high - grouped.interval.low
    assert width == pytest.approx(1 - 0.025**0.25), "4 source masks, not 24 images"


def test_the_interval_of_no_events_covers_what_it_says():
    """Of rates that exceed its end, no more than 2.5 % of sets of 24 show no event at all."""
    high = nearness(np.ones(24), np.zeros(9), np.random.default_rng(0), draws=2).interval.high
    events = np.random.default_rng(1).binomial(24, high, 20_000)
    assert 0.02 < (events == 0).mean() < 0.03


def test_without_held_out_images_nothing_is_calibrated():
    with pytest.raises(ValueError, match="held-out"):
        nearness(np.ones(3), np.empty(0), np.random.default_rng(0))


def test_few_held_out_images_do_not_tell_what_is_usual():
    """With 20 of them, the rate of images that are no copies is above 0.05 as often as not."""
    rates = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        rest, made = rng.random(20), rng.random(500)
        found = nearness(made, rest, rng, draws=2)
        rates.append(found.rate)
    assert np.mean(np.array(rates) > 0.05) > 0.5
    assert np.mean(np.array(rates) > found.usual_at_most) < 0.05
