"""The study's driver, on a toy budget: every command of a stage, its figures and its tables."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from medsynth.examples import write_example_pairs

DRIVER = Path(__file__).parent / "benchmarks" / "study"


def study(*arguments):
    command = [sys.executable, DRIVER, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_stage_from_fits_to_tables(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_example_pairs(tmp_path / "blobs", n=40)
    asked = ("run", "toy", "--data", tmp_path, "--work", tmp_path / "work", "--out", tmp_path)
    said = study(*asked)
    assert said.count("medsynth ") == 7
    fold = json.loads((tmp_path / "toy.json").read_text())["folds"][0]
    images = fold["pairs"]["test"]
    assert len(fold["groups"]) == images
    assert set(fold["arms"]) == {"classic", "siamese x0.5", "paper-masks x0.5"}
    assert fold["fits"]["siamese"]["siamese"]["steps"] == 2
    assert fold["base_fit"]["taken"] == {"base": 2, "siamese": 0}
    assert fold["fits"]["siamese"]["taken"] == {"base": 0, "siamese": 2}
    for arm in fold["arms"].values():
        assert [len(each["dice"]) for each in arm["segmenters"]] == [images, images]
        assert [each["seed"] for each in arm["segmenters"]] == [0, 1]
    told = [json.dumps(arm["segmenters"]) for arm in fold["arms"].values()]
    assert len(set(told)) == 3

    assert fold["spec"]["generators"]["siamese"] == {"fit": {}, "weights_of": None, "augment": {}}
    assert "medsynth " not in study(*asked)  # all is there
    assert json.loads((tmp_path / "toy.json").read_text())["folds"] == [fold]
    study("tables", "--out", tmp_path)
    table = (tmp_path / "tables.md").read_text()
    assert "| siamese x0.5 | 42 | 2 |" in table
    assert "<svg" in (tmp_path / "gains.svg").read_text()


def test_stages_share_the_segmenters_of_real_pairs(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(DRIVER))
    from commands import Run
    from run import Fold, lend_units

    units = tmp_path / "a-siamese-0" / "proof" / "units"
    units.mkdir(parents=True)
    for name in ("classic.unet.0.aa.fitted.json", "synthetic-x1.unet.0.bb.fitted.json"):
        (units / name).write_text(name)
    lend_units(Fold("cvc/b", tmp_path, {}, tmp_path), Run(tmp_path / "b-adc-0"))
    assert not (tmp_path / "b-adc-0").exists()  # another fold's
    lend_units(Fold("cvc/a", tmp_path, {}, tmp_path), Run(tmp_path / "a-adc-0"))
    lent = list((tmp_path / "a-adc-0" / "proof" / "units").iterdir())
    assert [path.name for path in lent] == ["classic.unet.0.aa.fitted.json"]
    assert lent[0].read_text() == "classic.unet.0.aa.fitted.json"


def test_a_part_of_a_stage_is_fewer_folds_generators_or_seeds(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(DRIVER))
    from run import Fold, Part
    from spec import read_study

    stage = read_study().stages["recommended"]
    assert Part().of(stage) == stage
    part = Part((), "a", 1, ("siamese-recommended",))
    assert list(part.of(stage).generators) == ["siamese-recommended"]
    assert part.of(stage).generator_seeds == 1
    assert Part(generator_seeds=9).of(stage).generator_seeds == stage.generator_seeds
    assert part.has(Fold("cvc-small/a", tmp_path, {}, tmp_path))
    assert not part.has(Fold("cvc-small/b", tmp_path, {}, tmp_path))
    assert Part(("wbc",)).of(read_study().stages["stage-3"]).sets == ("wbc",)
    with pytest.raises(SystemExit, match="no siames, wbc"):
        Part(("wbc",), generators=("siames",)).of(stage)


def test_a_part_leaves_the_figures_of_other_folds(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(DRIVER))
    from run import folds_in, with_fold

    path = tmp_path / "stage.json"
    assert folds_in(path) == []
    path.write_text('{"folds": [{"fold": "cvc/a"}, {"fold": "cvc/b"}]}')
    again = {"fold": "cvc/a", "arms": {}}
    assert with_fold(folds_in(path), again) == [again, {"fold": "cvc/b"}]
    assert with_fold(folds_in(path), {"fold": "wbc/a"})[2:] == [{"fold": "wbc/a"}]


def test_a_stage_refuses_to_become_another_without_its_codec(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(DRIVER))
    monkeypatch.delenv("MEDSYNTH_TAEF2", raising=False)
    from run import Part, run_stage
    from spec import read_study

    with pytest.raises(SystemExit, match="stage-1 would be another one without MEDSYNTH_TAEF2"):
        run_stage(read_study(), "stage-1", tmp_path, tmp_path / "work", tmp_path, Part())
    assert not list(tmp_path.iterdir())


def test_a_run_is_not_gone_on_with_under_other_options(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(DRIVER))
    from commands import Run

    (tmp_path / "a-siamese-0.done.json").write_text('{"fit DATA --set base.steps=3": {}}')
    with pytest.raises(SystemExit, match="was fitted otherwise: medsynth fit DATA"):
        Run(tmp_path / "a-siamese-0").medsynth("fit", "DATA", options={"base.steps": 9})
