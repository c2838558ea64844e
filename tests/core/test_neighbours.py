"""Balls around points, read literally; chunks change nothing."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.core import neighbours
from medsynth.core.neighbours import balls_around, inside, squared_distances


@given(st.integers(0, 10**6), st.integers(2, 9), st.integers(1, 9), st.integers(1, 5))
@settings(deadline=None)
def test_as_defined(seed, n, m, k):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(n, 3)), rng.normal(size=(m, 3))
    far = np.array([[np.linalg.norm(x - y) for y in b] for x in a])
    assert np.allclose(squared_distances(a, b), far**2)
    radii = [sorted(np.linalg.norm(a - x, axis=1))[min(k, n - 1)] for x in a]
    balls = balls_around(a, k)
    assert np.allclose(balls.radii, radii)
    within = far <= np.array(radii)[:, None]
    found = inside(balls, b)
    assert found.points.tolist() == within.sum(1).tolist()
    assert found.balls.tolist() == within.sum(0).tolist()


def test_chunks_change_nothing(monkeypatch):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(50, 4)), rng.normal(size=(33, 4))
    whole = inside(balls_around(a, 5), b)
    monkeypatch.setattr(neighbours, "CHUNK", 7)
    parts = inside(balls_around(a, 5), b)
    assert [x.tolist() for x in whole] == [x.tolist() for x in parts]


def test_a_point_lies_in_a_ball_without_extent_around_itself():
    same = np.ones((4, 2))
    assert inside(balls_around(same, 2), same[:1]).points.tolist() == [1, 1, 1, 1]
