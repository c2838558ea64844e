"""Kernel distance: its formula, and that it is without bias."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth.quality.kid import kernel_distance


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
