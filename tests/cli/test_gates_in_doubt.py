"""A gate that cannot judge refuses nothing, unless somebody said by its name that it shall."""

import json

import pytest

from medsynth.store.samples import SampleStore

BLIND = (
    "gates.segmenter.width=4", "gates.segmenter.steps=12", "gates.segmenter.batch=4",
    "gates.segmenter.augmentation=none", "gates.novel=off", "gates.trivial=score",
)  # fmt: skip
"""Segmenters of twelve steps find no disc."""


@pytest.fixture
def augmented_with(medsynth, own_run):
    """Return what augment says and what gates.json holds, with some options on top."""

    def augmented_with(*sets):
        words = [word for each in (*BLIND, *sets) for word in ("--set", each)]
        said = medsynth("augment", "--n", 4, "--run", own_run, "--device", "cpu", *words)
        return said, json.loads((own_run / "gates" / "gates.json").read_text())

    return augmented_with


def test_what_cannot_judge_only_scores(augmented_with, own_run, monkeypatch):
    monkeypatch.setattr("medsynth.quality.gates.faithful.MOST_PASSING", -1.0)
    said, gates = augmented_with("gates.mode=enforce", "gates.rate=0.9")
    assert said.code == 0, said.err
    assert gates["modes"]["faithful"] == "score"
    assert "So it only scores, and refuses nothing. gates.faithful=enforce would" in said.err
    rows = list(SampleStore(own_run / "samples").rows())
    assert all(row.lineage.gates["refused"] == [] for row in rows)
    assert not all(row.lineage.gates["verdicts"]["faithful"]["passed"] for row in rows)


def test_unless_it_was_told_to_refuse_all_the_same(augmented_with):
    said, gates = augmented_with("gates.mode=off", "gates.faithful=enforce")
    assert gates["modes"]["faithful"] == "enforce"
    told = gates["calibration"]["faithful"]["warning"]
    assert told.endswith("It refuses images all the same, for so says gates.faithful=enforce.")
    assert told in said.err or said.code == 4


def test_one_that_was_to_score_is_not_said_to_have_changed(augmented_with):
    said, gates = augmented_with("gates.mode=score")
    assert gates["calibration"]["faithful"]["warning"].endswith("scores, and refuses nothing.")
    assert said.code == 0
