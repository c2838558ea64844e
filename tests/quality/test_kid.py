"""Kernel distance: its formula, and that it is without bias."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth.quality.bootstrap import draw_groups
from medsynth.quality.discrepancy import discrepancy_interval
from medsynth.quality.kid import cubic_kernel, kernel_distance, subset_distances


def slowly(a, b):
    d = a.shape[1]

    def k(x, y):
        return (float(x @ y) / d + 1) ** 3

    n, m = len(a), len(b)
    aa = sum(k(a[i], a[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    bb = sum(k(b[i], b[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    ab = sum(k(x, y) for x in a for y in b) / (n * m)
    return aa + bb - 2 * ab


@given(st.integers(0, 10**6), st.integers(2, 7), st.integers(2, 7), st.integers(1, 5))
def test_it_is_the_formula_and_symmetric(seed, n, m, d):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(n, d)), rng.normal(size=(m, d))
    assert kernel_distance(a, b) == pytest.approx(slowly(a, b), abs=1e-9)
    assert kernel_distance(a, b) == pytest.approx(kernel_distance(b, a), abs=1e-9)


def test_it_does_not_depend_on_the_number_of_images():
    rng = np.random.default_rng(0)
    means = []
    for n in (5, 50):
        pairs = [(rng.normal(size=(n, 4)), rng.normal(size=(n, 4))) for _ in range(400)]
        means.append(np.mean([kernel_distance(a, b) for a, b in pairs]))
    assert np.abs(means).max() < 0.05
    apart = kernel_distance(rng.normal(size=(50, 4)), rng.normal(2, 1, size=(50, 4)))
    assert apart > 1


@pytest.mark.parametrize("shapes", [((1, 3), (5, 3)), ((5, 3), (5, 4)), ((5,), (5, 3))])
def test_sets_that_cannot_be_compared(shapes):
    with pytest.raises(ValueError, match="two sets"):
        kernel_distance(*(np.zeros(shape) for shape in shapes))


def test_subsets_are_right_for_small_sets():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(20, 4)), rng.normal(0.5, 1, size=(30, 4))
    found = subset_distances(a, b, rng, subsets=400)
    assert len(found) == 400
    assert found.std() > 0
    assert found.mean() == pytest.approx(kernel_distance(a, b), rel=0.1)
    all_of_them = subset_distances(a, b[:20], rng, subsets=2, size=20)
    assert all_of_them == pytest.approx(kernel_distance(a, b[:20]))


def test_the_interval_covers_as_often_as_it_says():
    """Groups are alike within; taking images for independent would be too sure."""
    rng = np.random.default_rng(0)
    groups = np.repeat(np.arange(15), 4)
    covered, naive = [], []
    spread = np.sqrt(1 + 0.3**2)
    large = spread * rng.normal(size=(3000, 3)), spread * rng.normal(size=(3000, 3)) + 1
    truth = kernel_distance(*large)
    for _ in range(60):
        a, b = (rng.normal(size=(15, 3))[groups] + 0.3 * rng.normal(size=(60, 3)) for _ in range(2))
        for found, own in ((covered, groups), (naive, np.arange(60))):
            low, high = discrepancy_interval(cubic_kernel, a, b + 1, own, own, rng, 200)
            found.append(low <= truth <= high)
    assert np.mean(covered) > 0.8
    assert np.mean(naive) < np.mean(covered)


def test_it_does_not_depend_on_the_number_of_groups():
    """Frames of one video are alike: taken for independent ones they lift it."""
    rng = np.random.default_rng(0)
    for videos in (5, 20):
        of = np.repeat(np.arange(videos), 5)
        grouped, plain = [], []
        for _ in range(300):
            a, b = (rng.normal(size=(videos, 4))[of] + 0.3 * rng.normal(size=(len(of), 4))
                    for _ in range(2))  # fmt: skip
            grouped.append(kernel_distance(a, b, of, of))
            plain.append(kernel_distance(a, b))
        error = np.std(grouped) / np.sqrt(len(grouped))
        assert abs(np.mean(grouped)) < 3 * error
        assert np.mean(plain) > 10 * error


def test_weights_of_one_are_the_estimate():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(9, 3)), rng.normal(size=(7, 3))
    sets = (cubic_kernel, a, b, np.arange(9), np.arange(7))
    low, high = discrepancy_interval(*sets, rng, 300)
    assert low < kernel_distance(a, b) < high
    with pytest.raises(ValueError, match="too few groups"):
        discrepancy_interval(*sets, rng, 0)


def pairwise(a, b, of_a, of_b, drawn_a, drawn_b):
    """The resampled estimate pair by pair: of different groups, as often as both were drawn."""

    def within(x, of, drawn):
        total = count = 0
        for i in range(len(x)):
            for j in range(len(x)):
                weight = drawn[of[i]] * drawn[of[j]] * (of[i] != of[j])
                total += weight * cubic_kernel(x[i : i + 1], x[j : j + 1])[0, 0]
                count += weight
        return total / count

    weights = np.outer(drawn_a[of_a], drawn_b[of_b])
    between = (weights * cubic_kernel(a, b)).sum() / weights.sum()
    return within(a, of_a, drawn_a) + within(b, of_b, drawn_b) - 2 * between


def test_resamples_are_what_pairs_say_in_blocks_too(monkeypatch):
    monkeypatch.setattr("medsynth.quality.discrepancy.BLOCK", 4)
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(9, 3)), rng.normal(size=(7, 3))
    of_a, of_b = np.array([0, 0, 1, 1, 1, 2, 3, 3, 4]), np.array([0, 1, 1, 2, 2, 2, 3])
    for seed in range(5):
        again = np.random.default_rng(seed)
        drawn = draw_groups(5, again, 1)[0], draw_groups(4, again, 1)[0]
        expected = pairwise(a, b, of_a, of_b, *drawn)
        found = discrepancy_interval(
            cubic_kernel, a, b, of_a, of_b, np.random.default_rng(seed), draws=1
        )
        assert found == pytest.approx((expected, expected))
    once = np.ones(5, int), np.ones(4, int)
    whole = kernel_distance(a, b, of_a, of_b)
    assert whole == pytest.approx(pairwise(a, b, of_a, of_b, *once))
    assert kernel_distance(a, b) == pytest.approx(slowly(a, b))
