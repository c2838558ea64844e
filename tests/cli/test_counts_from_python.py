"""Numbers of things to make, as Python gives them."""

import numpy as np
import pytest

from medsynth import augment, perturb
from medsynth.api import as_count
from medsynth.core.errors import UsageError


@pytest.mark.parametrize("n", ["30", 0, -3, 2.5, True, [3], np.zeros(3, int)])
def test_a_number_that_cannot_be_is_refused_in_a_sentence(n, fitted, tmp_path):
    with pytest.raises(UsageError, match="number of samples must be whole and at least 1, not"):
        augment(n, run=fitted.run)
    with pytest.raises(UsageError, match="number of masks must be whole and at least 1, not"):
        perturb(fitted.data, n, tmp_path / "masks")


def test_any_kind_of_whole_number_will_do():
    assert as_count(np.int64(3), "samples") == 3
    assert type(as_count(np.uint8(3), "samples")) is int
