"""SHARING.md in words."""

import numpy as np

from medsynth.quality.privacy import nearness
from medsynth.workflows.evaluate.near import rounded
from medsynth.workflows.sharing.note import measured_words


def test_that_no_sample_is_near_is_not_told_as_certain():
    found = nearness(np.ones(24), np.linspace(0.1, 0.5, 99), np.random.default_rng(0))
    near = {"rate": found.rate, "usual": 0.05, "interval": rounded(found.interval)}
    said = measured_words(
        {
            "about": {"samples": 24, "held_out": 99},
            "copies": {},
            "near": {"features": near, "pixels": {"rate": None}},
            "membership": None,
        }
    )
    assert "0.0% of the samples, interval 0.0% to 14.2%;" in said
