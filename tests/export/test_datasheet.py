"""The datasheet: what is in an export, how it was made, what is not known of it."""

import json

import numpy as np
import pytest

from medsynth.core.errors import InputError
from medsynth.core.keys import key_of
from medsynth.exporters.datasheet_words import flat
from medsynth.exporters.deliver import deliver
from medsynth.exporters.options import ExportOptions
from medsynth.store.items import GivenUp
from medsynth.store.lineage import Lineage
from medsynth.store.samples import SampleStore
from medsynth.workflows.export.export import ExportConfig, export_run
from medsynth.workflows.export.facts import read_evaluation

from .runs import augment, make_run
from .sets import make_set, quiet

GATES = {
    "attempt": 1,
    "verdicts": {"faithful": {"score": 0.8, "threshold": 0.55, "percentile": 0.3, "passed": True}},
    "refused": [{"attempt": 0, "gate": "faithful", "score": 0.1}],
}
EVALUATION = {
    "kid": {"value": 0.123456, "interval": [0.1, 0.15], "extractor": "mobilenet"},
    "report": "/home/somebody/run/report.html",
    "scores": [{"measure": "dice", "value": 0.9}],
}


@pytest.fixture
def run(tmp_path):
    made = make_run(tmp_path)
    augment(made, 4, gates=[GATES] * 4)
    lineage = Lineage((), ({"op": "cut"},), 7, "c" * 64, {}, GATES)
    SampleStore(made.samples).add([GivenUp(key_of(4), 4, lineage, "faithful")])
    made.about.write_text(
        json.dumps({"recipe": "/home/x/mine.yaml", "init_from": None, "device": "host-7"})
    )
    return made


def sheet_of(run, *sets, **more):
    out = export_run(ExportConfig("folder", run.path, sets=sets, **more), quiet).out
    return json.loads((out / "datasheet.json").read_text()), (out / "DATASHEET.md").read_text()


def test_it_tells_what_was_made_how_and_how_well(run):
    (run.path / "evaluation.json").write_text(json.dumps(EVALUATION))
    sheet, words = sheet_of(run)
    assert sheet["counts"]["train"]["synthetic"] == 4
    (foreground,) = sheet["classes"]
    assert foreground["pairs"]["train synthetic"] == 4
    assert sheet["recipe"]["name"] == "mine.yaml"
    assert len(sheet["recipe"]["sha256"]) == 64
    assert sheet["model"]["codec"] == "patches"
    assert sheet["gates"] == {"faithful": {"thresholds": [0.55]}}
    assert sheet["acceptance"]["total"] == {
        "entries": 5, "drawn": 10, "accepted": 4, "given_up": 1, "refused": {"faithful": 5},
        "below": {},
    }  # fmt: skip
    for text in (
        "# polyps-1\n",
        "| train | synthetic | 4 |",
        "- codec_licence: none of its own",
        "- kid: 0.1235 [0.1, 0.15]\n- kid.extractor: mobilenet",
        "- refused.faithful: 5",
        "- scores.1.value: 0.9",
        "## Known limits\n\n- The synthetic images show",
        "CVPR 2025",
    ):
        assert text in words
    assert "that is few" in words
    assert "has not been evaluated" not in words
    for secret in ("/home", "host-7", str(run.path)):
        assert secret not in words + json.dumps(sheet)


def test_what_is_not_known_is_said_or_left_out(run, tmp_path):
    _, words = sheet_of(run)
    assert "The run has not been evaluated" in words
    assert "## Measured" not in words
    (run.path / "evaluation.json").write_text("{")
    with pytest.raises(InputError, match=r"evaluation.json is damaged"):
        sheet_of(run, overwrite=True)


def test_real_pairs_alone_need_no_warnings_of_synthetic_ones(run):
    sheet, _ = sheet_of(run, "export.ratio=0")
    assert sheet["limits"] == []


def test_the_size_of_images_and_what_became_of_real_ones_is_told(run):
    sheet, words = sheet_of(run)
    assert "- size in pixels (height x width): 16x16\n- channels: 3" in words
    (told,) = [note for note in sheet["notes"] if "data.fit" in note]
    assert told == (
        "All images are 16x16 (height x width), the size of the model. The files of 10 of 10 real "
        "pairs have another, such as 20x20: they were cropped and scaled (data.fit=crop). As the "
        "files are: export.geometry=original, which all formats but hdf5 can hold."
    )
    assert told in words
    for sets in (["export.geometry=original"], ["export.synthetic_only=true"]):
        sheet, words = sheet_of(run, *sets, overwrite=True)
        assert not any("data.fit" in note for note in sheet["notes"])
    assert "16x16" in words
    _, words = sheet_of(run, "export.geometry=original", overwrite=True)
    assert "- size in pixels (height x width): they differ" in words


def test_more_than_one_setting_of_the_sampler_is_told(run):
    sheet, words = sheet_of(run)
    assert sheet["sampling"] == []
    assert "## Sampling" not in words
    augment(run, 3, first=5, sampler={"solver": "ddim", "steps": 20})
    sheet, words = sheet_of(run, overwrite=True)
    assert "different settings" not in words
    augment(run, 1, first=8, sampler={"solver": "unipc", "steps": 12})
    sheet, words = sheet_of(run, overwrite=True)
    assert sheet["sampling"] == [
        {"samples": 3, "solver": "ddim", "steps": 20},
        {"samples": 1, "solver": "unipc", "steps": 12},
    ]
    assert "- 3 samples: solver ddim, steps 20\n- 1 sample: solver unipc, steps 12" in words
    assert "made by 2 different settings of the sampler" in words


def test_an_evaluation_makes_it_another_export(run):
    sheet_of(run)
    (run.path / "evaluation.json").write_text("{}")
    sheet_of(run, overwrite=True)
    again = export_run(ExportConfig("folder", run.path), quiet)
    assert again.up_to_date


def test_classes_of_every_format_are_those_of_the_masks(tmp_path):
    found = []
    for name in ("coco", "folder", "hdf5"):
        export_set = make_set()
        deliver(name, export_set, tmp_path / name, ExportOptions(), quiet)
        found.append(json.loads((tmp_path / name / "datasheet.json").read_text())["classes"])
    assert found[0] == found[1] == found[2]
    synthetic = [export_set.load(row) for row in export_set.rows if row.origin == "synthetic"]
    one = sum(1 in np.unique(sample.mask.labels) for sample in synthetic)
    nothing = sum(not sample.mask.labels.any() for sample in synthetic)
    assert found[0][0]["pairs"]["train synthetic"] == one
    assert found[0][-1]["name"] == "nothing"
    assert found[0][-1]["pairs"]["train synthetic"] == nothing


def test_flat_names():
    nested = {"a": {"b": 1, "c": []}, "d": [1, 2], "e": [[1], [2.5]], "f": None, "g": "x"}
    assert list(flat(nested)) == [
        ("a.b", "1"), ("d", "1, 2"), ("e.1", "1"), ("e.2", "2.5"), ("g", "x"),
    ]  # fmt: skip


def test_a_datasheet_names_no_single_pair(tmp_path):
    """An evaluation does, and an export may be under pseudonyms."""
    found = {"near": {"nearest": {"s0000001": "doe-jane_12"}, "rate": 0.1, "worst": ["doe-jane"]}}
    found["copies"] = {"samples": 0, "most_alike": [{"train": "roe_3"}]}
    (tmp_path / "evaluation.json").write_text(json.dumps(found))
    told = read_evaluation(tmp_path / "evaluation.json")
    assert told == {"near": {"rate": 0.1}, "copies": {"samples": 0}}
