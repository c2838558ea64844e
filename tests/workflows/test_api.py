"""Values that Python has and the command line has not."""

from pathlib import Path

import numpy as np
import pytest

from medsynth.api import as_sets
from medsynth.core.errors import UsageError
from medsynth.workflows.recipe import apply_set


def test_paths_and_values_of_numpy_are_options():
    values = {
        "data.masks": Path("our masks"),
        "data.size": np.int64(64),
        "export.ratio": np.float32(0.5),
        "export.stratify": np.bool_(True),
        "prove.ratios": np.array([0.5, 1.0]),
        "prove.networks": {"unet"},
    }
    read = {}
    for text in as_sets(values):
        apply_set(read, text)
    assert read == {
        "data": {"masks": "our masks", "size": 64},
        "export": {"ratio": 0.5, "stratify": True},
        "prove": {"ratios": [0.5, 1.0], "networks": ["unet"]},
    }


def test_any_other_value_is_refused_by_its_type():
    with pytest.raises(UsageError, match="is a function"):
        as_sets({"data.size": as_sets})
