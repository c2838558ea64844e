import random

import pytest

from medsynth.core.errors import UsageError
from medsynth.exporters.choose import ChoiceOptions, choose

from .sets import make_set


def chosen(**options):
    rows = list(make_set().rows)
    random.Random(3).shuffle(rows)
    return [row.id for row in choose(rows, ChoiceOptions(**options))]


def test_all_in_a_fixed_order():
    assert chosen() == [row.id for row in make_set().rows]


@pytest.mark.parametrize(("ratio", "synthetic"), [(0, 0), (0.5, 2), (1, 4), (1.9, 7), (9, 8)])
def test_a_ratio_keeps_the_first_synthetic_ones(ratio, synthetic):
    ids = chosen(ratio=ratio)
    assert [name for name in ids if name.startswith("syn")] == [
        f"syn-{k:05d}" for k in range(synthetic)
    ]
    assert sum(name.startswith("real") for name in ids) == 6


def test_synthetic_only_holds_no_real_image():
    assert chosen(synthetic_only=True) == [f"syn-{k:05d}" for k in range(8)]


def test_nothing_left_is_a_usage_error():
    with pytest.raises(UsageError):
        chosen(synthetic_only=True, ratio=0)
