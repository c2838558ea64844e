"""show --sheet: the run's samples, worst first, and a list that export.reject reads."""

import json

import numpy as np
import pytest

from medsynth.core.errors import UsageError
from medsynth.core.keys import key_of
from medsynth.core.types import Mask, Sample
from medsynth.exporters.reject import read_rejected
from medsynth.io.images import read_png
from medsynth.store.lineage import Lineage
from medsynth.store.manifest import ManifestRow
from medsynth.store.samples import GivenUp, NewSample, SampleStore
from medsynth.workflows.sample_sheet import make_sheets, worst_first


def quiet(done, total, text):
    """Progress that nobody sees."""


def lineage(percentile=None):
    verdicts = {"trivial": {"percentile": None}, "near": {"percentile": 0.95}}
    verdicts["faithful"] = {"score": 0.8, "percentile": percentile, "passed": True}
    gates = {} if percentile is None else {"attempt": 0, "verdicts": verdicts, "refused": []}
    return Lineage((), (), 0, "c" * 64, {}, gates)


def accepted(index, percentile=None):
    return ManifestRow(key_of(index), index, "accepted", {}, "", "train", lineage(percentile))


@pytest.fixture
def run(tmp_path):
    """Return a run with 67 samples, the first 4 of which no gate has judged."""
    path = tmp_path / "run"
    path.mkdir()
    (path / "recipe.yaml").write_text("seed: 0\n")
    rng = np.random.default_rng(0)
    items = [GivenUp(key_of(0), 0, lineage(0.0), "flat")]
    for k in range(1, 68):
        labels = np.zeros((24, 32), np.uint8)
        labels[4:12, 2 : 3 + k % 20] = 1
        image = rng.integers(0, 256, (24, 32, 1), dtype=np.uint8)
        sample = Sample(key_of(k), image, Mask(labels), "train", "synthetic", "")
        items.append(NewSample(sample, k, lineage(None if k < 5 else (k * 31 % 67) / 67)))
    SampleStore(path / "samples").add(items)
    return path


def test_the_order_is_by_the_least_percentile_then_by_id():
    rows = [accepted(0), accepted(1, 0.5), accepted(2, 0.1), accepted(3, 0.5), accepted(4, 0.99)]
    rows.insert(0, GivenUp(key_of(9), 9, lineage(0.0), "flat").row())
    ranked = worst_first(rows, 9)
    assert [each.id for each in ranked] == [key_of(k) for k in (2, 1, 3, 4, 0)]
    assert [each.words for each in ranked][:4] == [
        "0.10 faithful", "0.50 faithful", "0.50 faithful", "0.95 near",
    ]  # fmt: skip
    assert worst_first(rows, 2) == ranked[:2]


def test_pages_and_a_list_that_export_reads(run):
    before = {p: p.read_bytes() for p in (run / "samples").rglob("*.*")}
    result = make_sheets(run, None, 300, quiet)
    assert (result.out, result.pages) == (run / "samples" / "sheets", 2)
    assert (result.samples, result.of, result.judged) == (67, 67, 63)
    first, second = (read_png(result.out / f"worst-00{k}.png") for k in (1, 2))
    assert first.shape[1] == second.shape[1]
    assert first.shape[0] > 3 * second.shape[0]
    store = SampleStore(run / "samples")
    ids = [row.id for row in store.rows() if row.status == "accepted"]
    assert read_rejected(result.out / "worst_first.txt", ids, ()) == set(ids)
    lines = (result.out / "worst_first.txt").read_text().splitlines()
    assert lines[0].startswith("# The worst samples first")
    assert lines[2].endswith("# 0.00 faithful") or "0.01" in lines[2]
    assert lines[-1] == "s0000005  # not judged"
    assert {p: p.read_bytes() for p in before} == before
    assert list(SampleStore(run / "samples"))


def test_fewer_pages_leave_no_old_ones_and_strangers_stay(run, tmp_path):
    out = tmp_path / "look"
    make_sheets(run, out, 300, quiet)
    (out / "worst-mine.png").write_bytes(b"x")
    assert make_sheets(run, out, 5, quiet).samples == 5
    names = sorted(path.name for path in out.iterdir())
    assert names == ["worst-001.png", "worst-mine.png", "worst_first.txt"]


def test_samples_that_no_gate_has_judged_are_in_order_of_id(run, tmp_path):
    store = SampleStore(tmp_path / "other" / "samples")
    some = list(SampleStore(run / "samples").samples())[:3]
    store.add([NewSample(sample, k, lineage()) for k, sample in enumerate(some, start=1)])
    (tmp_path / "other" / "recipe.yaml").write_text("seed: 0\n")
    result = make_sheets(tmp_path / "other", None, 300, quiet)
    lines = (result.out / "worst_first.txt").read_text().splitlines()
    assert lines[0].startswith("# In order of id, for no gate has compared the samples")
    assert [line[:8] for line in lines[2:]] == [key_of(k) for k in (1, 2, 3)]


def test_nothing_to_show(run, tmp_path):
    with pytest.raises(UsageError, match="at least 1, not 0"):
        make_sheets(run, None, 0, quiet)
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "recipe.yaml").write_text("seed: 0\n")
    with pytest.raises(UsageError, match="no samples yet") as caught:
        make_sheets(tmp_path / "new", None, 9, quiet)
    assert "medsynth augment" in (caught.value.tip or "")


def test_the_verb(run, medsynth):
    said = medsynth("show", run, "--sheet", "--worst", 3)
    assert said.code == 0, said.err
    assert "3 of 67 samples on 1 page, worst first." in said.out
    assert "export.reject=FILE" in said.out
    found = json.loads(medsynth("show", run, "--sheet", "--json").out)
    assert (found["pages"], found["of"]) == (2, 67)
    assert medsynth("show", run, "--out", "x").code == 2
