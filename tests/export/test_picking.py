"""Best first, within caps by source and by class."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medsynth.exporters.choose import ChoiceOptions, choice_notes, choose
from medsynth.exporters.export_set import Row
from medsynth.exporters.picking import best_first, picked, places_by_classes


def real(k, *classes):
    return Row(f"r{k}", "train", "real", f"g{k}", classes=classes)


def made(k, quality=None, source="r0", classes=(1,)):
    sources = () if source is None else (source,)
    return Row(f"s{k:07d}", "train", "synthetic", "g", sources, quality=quality, classes=classes)


def ids(rows):
    return [int(row.id[1:]) for row in rows if row.origin == "synthetic"]


def test_best_first_ties_and_unscored_in_the_order_of_the_plan():
    rows = [made(1), made(2, 0.3), made(3, 0.9), made(4, 0.3), made(5), made(6, 0.0)]
    assert ids(best_first(reversed(rows))) == [3, 2, 4, 6, 1, 5]


def test_a_ratio_takes_the_best_and_says_so():
    rows = [real(0, 1), real(1, 1), made(1), made(2, 0.3), made(3, 0.9), made(4, 0.7)]
    options = ChoiceOptions(ratio=1)
    chosen = choose(rows, options)
    assert ids(chosen) == [3, 4], "written by id, whatever the order of choice"
    (note,) = choice_notes(options, chosen, rows[2:], frozenset())
    assert note == (
        "2 of 4 synthetic pairs are in it, the best by their gates' figures "
        "within export.ratio=1.0."
    )


def test_in_the_order_of_the_plan_a_smaller_ratio_is_part_of_a_larger_one():
    rows = [real(0, 1), real(1, 1), made(1), made(2, 0.3), made(3, 0.9), made(4, 0.7)]
    options = ChoiceOptions(ratio=1, order="plan")
    chosen = choose(rows, options)
    assert ids(chosen) == [1, 2]
    assert ids(choose(rows, ChoiceOptions(ratio=1.5, order="plan"))) == [1, 2, 3]
    (note,) = choice_notes(options, chosen, rows[2:], frozenset())
    assert note == (
        "2 of 4 synthetic pairs are in it, the first of the plan within export.ratio=1.0."
    )


@pytest.mark.parametrize(
    ("options", "count", "said"),
    [
        ({"ratio": 10}, 24, "asked for 30 synthetic pairs, there are 24: medsynth augment --n 30"),
        ({"ratio": 10, "max_per_source": 99}, 24, "there are 24: medsynth augment --n 30"),
        ({"ratio": 10, "max_per_source": 1}, 24, "there are 24, of which the other caps leave 1."),
        ({"ratio": 10, "max_per_source": 1}, 60, "there are 60, of which the other caps leave 1."),
    ],
)
def test_a_ratio_that_asks_for_more_than_there_is_says_so(options, count, said):
    rows = [*(real(k, 1) for k in range(3)), *(made(k) for k in range(count))]
    options = ChoiceOptions(**options)
    notes = choice_notes(options, choose(rows, options), rows[3:], frozenset())
    assert notes[-1].startswith("export.ratio=10 asked for 30")
    assert notes[-1].endswith(said)


def test_a_ratio_that_is_met_asks_for_nothing():
    rows = [real(0, 1), made(1), made(2)]
    for ratio in (2, 0, 0.5):
        options = ChoiceOptions(ratio=ratio)
        notes = choice_notes(options, choose(rows, options), rows[1:], frozenset())
        assert not any("asked for" in note for note in notes)


def test_samples_that_were_thrown_out_are_made_up_for():
    rows = [real(0, 1), made(1), made(2)]
    options, rejected = ChoiceOptions(ratio=2, reject="ids.txt"), frozenset({"s0000001"})
    notes = choice_notes(options, choose(rows, options, rejected), rows[1:], rejected)
    assert notes[-1].endswith("there are 1: medsynth augment --n 3")


def test_what_was_thrown_out_is_no_candidate():
    rows = [real(0, 1), made(1, 0.9), made(2, 0.8), made(3, 0.7)]
    options = ChoiceOptions(ratio=1, reject="ids.txt")
    chosen = choose(rows, options, frozenset({"s0000001"}))
    assert ids(chosen) == [2]
    notes = choice_notes(options, chosen, rows[1:], frozenset({"s0000001"}))
    assert notes[0] == "Thrown out by export.reject: 1 sample."
    assert notes[1].startswith("1 of 2 synthetic pairs")


def test_a_cap_for_each_source_keeps_the_best_of_each():
    rows = [made(1, 0.1), made(2, 0.5), made(3, 0.9), made(4, 0.2, "r1"), made(5, 0.3, None)]
    rows.append(made(6, 0.2, None))
    assert ids(choose(rows, ChoiceOptions(max_per_source=1))) == [3, 4, 5, 6]
    assert ids(choose(rows, ChoiceOptions(max_per_source=2))) == [2, 3, 4, 5, 6]


def test_combinations_of_classes_keep_their_real_shares():
    reals = [real(0, 1), real(1, 1), real(2, 1), real(3, 1, 2)]
    rows = [made(k, 1 - k / 100, classes=(1, 2) if k % 2 else (1,)) for k in range(16)]
    rows += [made(90, 1.0, classes=(2,))]
    chosen = choose([*reals, *rows], ChoiceOptions(ratio=2, stratify="class"))
    shown = [row for row in chosen if row.origin == "synthetic"]
    assert Counter(row.classes for row in shown) == {(1,): 6, (1, 2): 2}
    assert ids(shown) == [0, 1, 2, 3, 4, 6, 8, 10]


def test_places_that_cannot_be_filled_stay_empty():
    reals = [real(0, 1), real(1)]
    rows = [made(k) for k in range(4)]
    chosen = choose([*reals, *rows], ChoiceOptions(stratify="class"))
    assert ids(chosen) == [0, 1]


@given(
    st.lists(st.sampled_from([(), (1,), (2,), (1, 2)]), min_size=1, max_size=40),
    st.integers(0, 50),
)
def test_places_are_the_shares_rounded(shown, total):
    reals = [replace(real(k), classes=classes) for k, classes in enumerate(shown)]
    places = places_by_classes(reals, total)
    assert sum(places.values()) == total
    for classes, count in Counter(shown).items():
        assert abs(places[classes] - total * count / len(shown)) < 1


@pytest.mark.parametrize("seed", range(3))
def test_the_choice_does_not_depend_on_the_order_given(seed):
    import random

    rows = [real(0, 1), real(1, 1, 2), real(2)]
    for k in range(40):
        quality = None if k % 5 == 0 else (k * 7 % 11) / 11
        rows.append(made(k, quality, f"r{k % 3}", ((1,), (1, 2), ())[k % 3]))
    options = ChoiceOptions(ratio=5, max_per_source=4, stratify="class")
    expected = choose(rows, options)
    random.Random(seed).shuffle(rows)
    assert choose(rows, options) == expected
    assert len(picked(best_first(rows), 5)) == 8 - 3
