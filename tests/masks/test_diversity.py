"""Density and coverage agree with their definition, read literally."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.masks.diversity import Diversity, diversity_of


@given(st.integers(0, 2**32), st.integers(2, 12), st.integers(1, 12), st.integers(1, 6))
@settings(max_examples=40, deadline=None)
def test_as_defined(seed, n, m, k) -> None:
    rng = np.random.default_rng(seed)
    real, new = rng.normal(size=(n, 3)), rng.normal(size=(m, 3))
    k_used = min(k, n - 1)
    radii = [sorted(np.linalg.norm(real - x, axis=1))[k_used] for x in real]
    inside = [[np.linalg.norm(y - x) <= r for y in new] for x, r in zip(real, radii, strict=True)]
    found = diversity_of(new, real, k)
    assert found.coverage == pytest.approx(np.mean([any(row) for row in inside]))
    assert found.density == pytest.approx(np.sum(inside) / (k_used * m))


def test_far_points_cover_nothing() -> None:
    real = np.random.default_rng(0).normal(size=(20, 4))
    assert diversity_of(real + 100, real) == Diversity(0.0, 0.0)


def test_too_few_points() -> None:
    with pytest.raises(ValueError, match="two real points"):
        diversity_of(np.zeros((3, 2)), np.zeros((1, 2)))
