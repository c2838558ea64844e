"""Pairs of val and test that the weights have learned from are no held-out pairs."""

import pytest

from medsynth.core.errors import InputError
from medsynth.data.index import DataIndex
from medsynth.data.trained_on import Trained, read_trained_on, write_trained_on

from .scenes import draw


def have_seen(run, *items):
    """Let the run that this one began with have been fitted on some of its pairs."""
    before = [Trained("before", f"old-{item.id}", "x", item.image_sha256) for item in items]
    write_trained_on(run, [*before, *read_trained_on(run)])


def test_they_are_left_out_of_all_figures_and_that_is_told(own, judge, passing):
    index = DataIndex.load(own)
    val, test = index.split("val"), index.split("test")
    have_seen(own, *val[:2], *test[:3])
    values = judge(own, attack_draws=2)
    assert values["about"]["held_out"] == passing[1]["about"]["held_out"] - 3
    assert values["membership"]["held_out"] == len(val) + len(test) - 5
    note = f"learned from their images: 2 of the {len(val)} pairs of val and 3 of the {len(test)} "
    assert any(note in said for said in values["warnings"])
    assert note in (own / "report.html").read_text()
    assert not any("learned from their images" in said for said in passing[1]["warnings"])


def test_where_too_few_are_left_of_test_those_of_val_are_taken(own, judge):
    test = DataIndex.load(own).split("test")
    have_seen(own, *test[9:])
    assert judge(own)["about"]["held_out_split"] == "val"


def test_where_too_few_are_left_at_all_the_refusal_says_why(own, judge):
    index = DataIndex.load(own)
    val, test = index.split("val"), index.split("test")
    have_seen(own, *val, *test[5:])
    with pytest.raises(InputError, match="fewer than 10 pairs in test, and in val") as caught:
        judge(own)
    assert "left out, for the weights have learned from their images" in caught.value.what
    assert f"{len(val)} of the {len(val)} pairs of val" in caught.value.what


def test_without_any_the_attack_is_left_out_and_told(own, judge, tmp_path):
    index = DataIndex.load(own)
    have_seen(own, *index.split("val"), *index.split("test"))
    values = judge(own, draw(tmp_path / "b", 5000, 12), attack_draws=2)
    assert "membership" not in values
    assert any("was not tried" in said for said in values["warnings"])
