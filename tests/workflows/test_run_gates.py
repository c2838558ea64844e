"""Gates in a run: fitted once, kept, told in the manifest, and never by those who saw the mask."""

import json
import shutil
from collections import Counter
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from medsynth.core.errors import NothingAcceptableError
from medsynth.data.index import DataIndex, build_index
from medsynth.data.options import DataOptions
from medsynth.io.runs import Run
from medsynth.model.segmenter import predict_probabilities
from medsynth.model.segmenter_options import SegmenterOptions
from medsynth.store.samples import SampleStore
from medsynth.workflows.augment.augment import AugmentConfig, augment
from medsynth.workflows.cross_fit import CrossFitted
from medsynth.workflows.gate_warnings import CHOSEN, chosen_by_the_gate, gate_warnings
from medsynth.workflows.gates import RunGates, load_labelled
from medsynth.workflows.recipe import read_run_recipe
from medsynth.workflows.report.write import write_report

from .evaluate.scenes import draw

SEGMENTER = (
    "gates.segmenter.width=4",
    "gates.segmenter.steps=12",
    "gates.segmenter.batch=4",
    "gates.segmenter.augmentation=none",
)


def quiet(done, total, text):
    """Progress that nobody sees."""


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def make(run, n, *sets, report=quiet):
    return augment(AugmentConfig(n, run, device="cpu", sets=(*SEGMENTER, *sets)), report)


def rows(run):
    return list(SampleStore(run / "samples").rows())


def test_scores_stand_in_the_manifest_and_nothing_is_refused(own_run):
    result = make(own_run, 6, "gates.mode=score")
    assert (result.accepted, result.given_up) == (6, 0)
    for row in rows(own_run):
        gates = row.lineage.gates
        assert gates["attempt"] == 0
        assert gates["refused"] == []
        assert set(gates["verdicts"]) == {"faithful", "novel", "trivial"}
        assert 0 <= gates["verdicts"]["faithful"]["score"] <= 1
    short = [
        name
        for row in rows(own_run)
        for name, verdict in row.lineage.gates["verdicts"].items()
        if verdict["score"] < verdict["threshold"]
    ]
    assert result.acceptance.total.below == dict(Counter(short))
    assert short  # a fit of seven steps makes nothing that is worth much
    about = json.loads((own_run / "gates" / "gates.json").read_text())
    assert about["modes"] == dict.fromkeys(["faithful", "novel", "trivial"], "score")
    assert 0 <= about["calibration"]["faithful"]["real_mean_dice"] <= 1


def test_a_gate_that_cannot_judge_says_so_wherever_its_samples_are_shown(own_run, medsynth):
    """Segmenters of twelve steps find no disc."""
    sets = [x for each in (*SEGMENTER, "gates.mode=score") for x in ("--set", each)]
    said = medsynth("augment", "--n", 4, "--run", own_run, "--device", "cpu", *sets)
    assert said.code == 0
    about = json.loads((own_run / "gates" / "gates.json").read_text())["calibration"]["faithful"]
    assert f"warning: {about['warning']}" in said.err
    assert f"mean Dice of {about['real_mean_dice']:.2f}" in about["warning"]
    assert gate_warnings(Run(own_run)) == (about["warning"],)
    assert chosen_by_the_gate(Run(own_run)) == ()
    page = write_report(Run(own_run)).read_text(encoding="utf-8")
    assert about["warning"] in page


def test_segmenters_are_fitted_once(own_run):
    told = []

    def report(done, total, text):
        told.append(text)

    make(own_run, 4, "gates.mode=score", report=report)
    assert "fitting the gates' segmenters" in told
    told.clear()
    make(own_run, 8, "gates.mode=score", report=report)
    assert not any("segmenter" in text for text in told)
    path = next((own_run / "gates").glob("segmenter-*.safetensors"))
    whole = path.read_bytes()
    path.write_bytes(whole[:50])  # damaged: fitted again, to the same bytes
    make(own_run, 12, "gates.mode=score", report=report)
    assert path.read_bytes() == whole


def test_what_does_not_show_its_mask_is_made_again_and_given_up(own_run):
    """A fit of seven steps makes noise; the segmenter sees no disc in it."""
    with pytest.raises(NothingAcceptableError, match="do not show their mask") as caught:
        make(
            own_run,
            9,
            "gates.mode=enforce",
            "gates.segmenter.steps=150",
            "gates.segmenter.width=8",
            "gates.novel=off",
        )
    about = json.loads((own_run / "gates" / "gates.json").read_text())
    assert about["calibration"]["faithful"]["threshold"] > 0.2
    assert chosen_by_the_gate(Run(own_run)) == (CHOSEN,)
    assert "gates.mode=score" in caught.value.tip
    lost = [row for row in rows(own_run) if row.status == "given-up"]
    assert len(lost) >= 8
    for row in lost:
        assert row.reason == "faithful"
        refused = row.lineage.gates["refused"]
        assert [each["attempt"] for each in refused] == [0, 1]  # max_redraws of the recipe: 1
        assert len({each["score"] for each in refused}) >= 1


def test_images_are_judged_by_those_who_never_saw_their_groups(own_run, tmp_path):
    index = DataIndex.load(Run(own_run).path)
    train = load_labelled(index, index.split("train"))
    options = SegmenterOptions(width=4, steps=2, batch=4)
    fitted = CrossFitted(train, 2, options, 2, 0, tmp_path, "x", torch.device("cpu"), quiet)
    for image, groups, fold in zip(train.images, train.groups, fitted.folds, strict=True):
        assert fitted.judge(image, groups) == fold  # network k was fitted without fold k
    shown = fitted(train.images[:3], train.groups[:3])
    assert shown.shape == (3, 32, 32)
    assert shown.dtype == np.uint8
    alone = fitted(train.images[:1], train.groups[:1])
    assert np.array_equal(shown[:1], alone)


def test_one_network_judges_an_image_whether_real_or_made(own_run, tmp_path):
    """Two together see better: what they say of real images is no scale for samples."""
    index = DataIndex.load(Run(own_run).path)
    train = load_labelled(index, index.split("train"))
    options = SegmenterOptions(width=4, steps=8, batch=4)
    fitted = CrossFitted(train, 2, options, 3, 0, tmp_path, "x", torch.device("cpu"), quiet)
    images = np.random.default_rng(0).integers(0, 256, (20, 32, 32, 3), np.uint8)
    unknown = [frozenset({"of val"})] * 10 + [frozenset()] * 10
    judges = [fitted.judge(*each) for each in zip(images, unknown, strict=True)]
    assert set(judges) == {0, 1, 2}
    shown = fitted(images, unknown)
    for image, judge, mask in zip(images, judges, shown, strict=True):
        own = predict_probabilities([fitted.networks()[judge]], image[None])
        assert np.array_equal(mask, own[0].argmax(0))
    assert np.array_equal(fitted(images[::-1], unknown[::-1]), shown[::-1])  # wherever it stands
    one = [next(g for g, f in fitted.fold_of.items() if f == fold) for fold in (0, 2)]
    blend = {fitted.judge(image, frozenset(one)) for image in images}
    assert len(blend) == 1
    assert blend < {0, 2}  # network 1 was fitted on both


def test_a_split_that_leaks_does_not_let_copies_pass(tmp_path):
    """The gate novel warns of held-out copies; that is no doubt about its verdicts."""
    data = draw(tmp_path / "data", 0, 40)
    names = sorted(path.name for path in (data / "images").iterdir())
    rows = [(name, "train" if k < 24 else "val") for k, name in enumerate(names)]
    for k in range(4):  # other files, and so unknown to the index
        image = cv2.imread(str(data / "images" / names[k]))
        again = cv2.imdecode(cv2.imencode(".jpg", image)[1], 1)
        cv2.imwrite(str(data / "images" / f"again{k}.png"), again)
        shutil.copy(data / "masks" / names[k], data / "masks" / f"again{k}.png")
        rows.append((f"again{k}.png", "val"))
    told = "".join(f"{Path(name).stem},{split}\n" for name, split in [("stem", "split"), *rows])
    (data / "split.csv").write_text(told)
    run = Run(tmp_path / "run")
    run.path.mkdir()
    run.recipe.write_text('gates: {faithful: "off"}\n')
    index = build_index(data, DataOptions(size=48), seed=0)
    gates = RunGates(run, read_run_recipe(run), index, torch.device("cpu"), lambda *_: None)
    judged = gates.judge(load_labelled(index, index.split("train")))
    assert all(each.failed == ("novel",) for each in judged)
    record = json.loads((run.gates / "gates.json").read_text())
    assert record["modes"]["novel"] == "enforce"
    assert "leaves 4 of the 20 real images out" in record["calibration"]["novel"]["warning"]
