"""What a verb says at its end is what show says."""

import json

import pytest

from medsynth.io.runs import Run
from medsynth.workflows.evaluate.evaluate import EvaluateResult


@pytest.fixture
def evaluation(monkeypatch):
    """Have evaluate find nothing, at once: it takes an extractor and time otherwise."""

    def evaluate(config, report):
        run = Run(config.run)
        run.evaluation.write_text("{}")
        return EvaluateResult(config.run, {}, run.report)

    monkeypatch.setattr("medsynth.workflows.evaluate.evaluate.evaluate", evaluate)
    for name, nothing in (("table_of", ""), ("standing_out", ()), ("sentences", ())):
        monkeypatch.setattr(f"medsynth.cli.evaluate.{name}", lambda _, nothing=nothing: nothing)


@pytest.mark.usefixtures("evaluation")
def test_evaluate_ends_with_the_next_step(medsynth, own_run):
    run = own_run

    def ends():
        said = medsynth("evaluate", "--run", run)
        assert said.code == 0, said.err
        step = json.loads(medsynth("show", run, "--json").out)["next"]
        assert said.out.endswith(
            f"Next: {step or 'nothing: it was exported, evaluated and proved'}\n"
        )
        return step

    medsynth("augment", "--n", 20, "--run", run, "--device", "cpu")
    assert ends() == f"medsynth export --format coco --run {run}"
    medsynth("export", "--format", "coco", "--run", run)
    assert ends() == f"medsynth prove --run {run}"
    (run / "proof").mkdir()
    (run / "proof" / "proof.json").write_text("{}")
    assert ends() == ""


def test_merge_ends_with_the_next_step(medsynth, own_run):
    for k in range(2):
        medsynth("augment", "--n", 2, "--run", own_run, "--shard", f"{k}/2", "--device", "cpu")
    said = medsynth("merge", "--run", own_run)
    assert said.out.endswith(f"Next: medsynth export --format coco --run {own_run}\n"), said
    step = json.loads(medsynth("show", own_run, "--json").out)["next"]
    assert said.out.endswith(f"Next: {step}\n")
