import random

import pytest
from pydantic import ValidationError

from medsynth.core.errors import UsageError
from medsynth.exporters.choose import ChoiceOptions, choose, refuse_nothing
from medsynth.exporters.export_set import Row

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


def test_a_ratio_is_the_decimal_that_was_written():
    real = [Row(f"real-{k}", "train", "real", f"patient-{k}") for k in range(100)]
    made = [
        Row(f"syn-{k}", "train", "synthetic", f"patient-{k}", (f"real-{k}",)) for k in range(100)
    ]
    rows = choose([*real, *made], ChoiceOptions(ratio=0.29))  # 0.29 * 100 < 29 in binary
    assert sum(row.origin == "synthetic" for row in rows) == 29


def test_an_endless_ratio_is_refused():
    with pytest.raises(ValidationError, match="finite"):
        ChoiceOptions(ratio=float("inf"))


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"ratio": 0}, "export.synthetic_only=true, export.ratio=0"),
        ({"ratio": 0.1}, "export.synthetic_only=true, export.ratio=0.1"),
    ],
)
def test_nothing_left_says_which_options_did_it(options, told):
    left = ChoiceOptions(synthetic_only=True, **options)
    assert chosen(synthetic_only=True, **options) == []
    with pytest.raises(UsageError, match=f"nothing is left to export with {told}"):
        refuse_nothing([], left)


def test_synthetic_only_of_a_run_without_samples():
    real = [row for row in make_set().rows if row.origin == "real"]
    assert choose(real, ChoiceOptions(synthetic_only=True)) == ()
    with pytest.raises(UsageError, match="nothing is left to export"):
        refuse_nothing((), ChoiceOptions(synthetic_only=True))
