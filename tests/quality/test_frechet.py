import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.quality.frechet import frechet_distance, gaussian_of


def literally(a, b):
    """By the square root of a symmetric product, in float64."""
    one, other = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    values, vectors = np.linalg.eigh(one)
    root = vectors * np.sqrt(np.maximum(values, 0)) @ vectors.T
    shared = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ other @ root), 0)).sum()
    apart = np.square(a.mean(0) - b.mean(0)).sum()
    return apart + np.trace(one) + np.trace(other) - 2 * shared


@given(st.integers(0, 10**6), st.integers(2, 30), st.integers(2, 30), st.integers(2, 12))
@settings(deadline=None)
def test_as_defined_and_symmetric(seed, n, m, d):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(n, d)), rng.normal(1, 2, size=(m, d))
    found = frechet_distance(gaussian_of(a), gaussian_of(b))
    assert found == pytest.approx(literally(a, b), rel=1e-6, abs=1e-6)
    assert found == pytest.approx(frechet_distance(gaussian_of(b), gaussian_of(a)), abs=1e-9)


@pytest.mark.parametrize(("n", "d"), [(50, 4), (10, 300)])
def test_a_set_is_at_no_distance_from_itself(n, d):
    features = np.random.default_rng(0).normal(100, 1, size=(n, d)).astype(np.float32)
    statistics = gaussian_of(features)
    assert statistics.factor.shape == (min(n, d), d)
    assert np.allclose(statistics.covariance, np.cov(features, rowvar=False), atol=1e-5)
    assert frechet_distance(statistics, statistics) < 1e-8


def test_a_mean_moved_by_three_is_at_nine():
    features = np.random.default_rng(0).normal(size=(40, 5))
    moved = features + np.array([3, 0, 0, 0, 0])
    assert frechet_distance(gaussian_of(features), gaussian_of(moved)) == pytest.approx(9)


def test_one_image_has_no_covariance():
    with pytest.raises(ValueError, match="two features"):
        gaussian_of(np.zeros((1, 3)))
