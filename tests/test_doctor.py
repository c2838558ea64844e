"""doctor: one report of everything, an exit code, and no file unless asked."""

import dataclasses
import json
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

import medsynth
from medsynth.cli import doctor as verb
from medsynth.cli.console import plain
from medsynth.core.errors import InputError
from medsynth.data.checks import held_out
from medsynth.data.options import DataOptions
from medsynth.data.problems import Problem
from medsynth.workflows.doctor import diagnose
from medsynth.workflows.evaluate import sets

prove = import_module("medsynth.workflows.prove.prove")

REAL = Path(__file__).parents[2] / "shared" / "data"


def real(name):
    folder = REAL / name
    if not folder.is_dir():
        pytest.skip(f"the real data set {name} is not at {folder}")
    return folder


def save(path, array, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)


def write_pairs(root, n, hw=(48, 64), start=0):
    for i in range(start, start + n):
        rng = np.random.default_rng(i)
        coarse = Image.fromarray(rng.integers(0, 255, (6, 8, 3), dtype=np.uint8))
        mask = np.zeros(hw, np.uint8)
        mask[8 : 20 + i % 9, 20:44] = 255
        save(root / f"images/p{i:02}.png", np.asarray(coarse.resize(hw[::-1])))
        save(root / f"masks/p{i:02}.png", mask)
    return root


def codes(report):
    return {found.code: found for found in report.problems}


def test_a_sound_folder(tmp_path):
    root = write_pairs(tmp_path, 60)
    before = sorted(root.rglob("*"))
    report = diagnose(root, DataOptions(size=48))
    assert report.count("error") == 0
    assert report.count("warning") == 0
    assert (report.found, report.pairs) == (60, 60)
    assert sum(report.splits.values()) == 60
    assert report.groups is None
    assert sorted(root.rglob("*")) == before


def test_everything_wrong_in_one_report(tmp_path):
    root = write_pairs(tmp_path, 20)
    (root / "images/p00.png").write_bytes(b"")
    (root / "images/p01.png").write_bytes((root / "images/p01.png").read_bytes()[:200])
    save(root / "masks/p02.png", np.zeros((24, 24), np.uint8))
    (root / "masks/p03.png").unlink()
    (root / "images/p04.png").unlink()
    (root / "images/p06.png").write_bytes((root / "images/p05.png").read_bytes())
    save(root / "masks/p07.png", np.zeros((48, 64), np.uint8))
    save(root / "masks/p08.png", np.full((48, 64), 255, np.uint8))
    edge = np.zeros((48, 64), np.uint8)
    edge[:, :9] = 255
    save(root / "masks/p09.png", edge)
    report = diagnose(root, DataOptions(size=48))
    found = codes(report)
    assert {
        "unreadable-image": 2,
        "size-mismatch": 1,
        "missing-mask": 1,
        "missing-image": 1,
        "empty-mask": 1,
        "full-mask": 1,
        "few-pairs": 15,
        "cropped-foreground": 2,
    }.items() <= {code: p.count for code, p in found.items()}.items()
    assert "duplicate" in found or "duplicate-across-splits" in found
    assert found["duplicate-other-mask"].examples == ("p05 and p06",)
    assert found["cropped-foreground"].examples[0] == "p09 (89 %)"
    assert "letterbox" in found["cropped-foreground"].tip
    severities = [p.severity for p in report.problems]
    assert severities == sorted(severities, key=["error", "warning", "note"].index)
    letterbox = diagnose(root, DataOptions(size=48, fit="letterbox"))
    assert "cropped-foreground" not in codes(letterbox)


def test_duplicates_across_splits_leak(tmp_path):
    root = write_pairs(tmp_path, 6)
    (root / "images/p05.png").write_bytes((root / "images/p00.png").read_bytes())
    rows = [f"p{i:02},{('train', 'train', 'train', 'val', 'test', 'test')[i]}" for i in range(6)]
    (root / "split.csv").write_text("stem,split\n" + "\n".join(rows))
    leak = codes(diagnose(root, DataOptions(size=48)))["duplicate-across-splits"]
    assert leak.examples == ("p00 (train) and p05 (test)",)


def test_one_pair_and_no_pair(tmp_path):
    root = write_pairs(tmp_path, 1)
    assert codes(diagnose(root, DataOptions()))["one-pair"].severity == "error"
    (root / "images/p00.png").write_bytes(b"")
    report = diagnose(root, DataOptions())
    assert report.pairs == 0
    assert {"unreadable-image", "no-pairs"} <= set(codes(report))
    with pytest.raises(InputError):
        diagnose(tmp_path / "gone", DataOptions())


def test_the_seams_for_codec_and_estimate(tmp_path):
    root = write_pairs(tmp_path, 12)
    lost = Problem("codec-loses-detail", "warning", "lost", 1, ("p00",), "")

    def check(samples):
        assert 1 <= len(samples) <= 8
        assert {sample.split for sample in samples} == {"train"}
        assert {sample.image.shape for sample in samples} == {(48, 48, 3)}
        return [lost]

    report = diagnose(
        root,
        DataOptions(size=48),
        codec_check=check,
        fit_estimate=lambda index: {"hours": len(index.items) / 8},
    )
    assert lost in report.problems
    assert report.fit == {"hours": 1.5}
    assert json.loads(json.dumps(plain(report)))["fit"] == {"hours": 1.5}


def test_a_recipe_that_cannot_be_tried_hides_nothing_of_the_data(tmp_path, medsynth):
    """Stable Diffusion's recipes name no base model by themselves."""
    data = write_pairs(tmp_path / "data", 12)
    said = medsynth("doctor", data, "--recipe", "sd15-paper", "--json")
    assert said.code == 0
    found = json.loads(said.out)
    assert found["pairs"] == 12
    [told] = [each for each in found["problems"] if each["code"] == "not-tried"]
    assert "the backbone stable-diffusion needs a base" in told["what"]


def test_real_tiles_and_frames_are_seen():
    histology = DataOptions(where={"kind": "histology_colour"}, groups="none")
    found = codes(diagnose(real("dsb2018"), histology))
    assert found["abutting"].count + found.get("abutting-across-splits", found["abutting"]).count
    assert found["groups-in-images"].count >= 20
    grouped = DataOptions(where={"kind": "histology_colour"})
    assert not [c for c in codes(diagnose(real("dsb2018"), grouped)) if c.startswith("abutting")]


@pytest.fixture
def invoke():
    """Run the verb, without measuring a fit."""
    app = typer.Typer()
    app.callback()(lambda: None)
    verb.register(app)
    return lambda *arguments: CliRunner().invoke(app, ["doctor", "--quick", *map(str, arguments)])


def test_the_verb(invoke, tmp_path, capsys):
    root = write_pairs(tmp_path / "data", 12)
    sheet = tmp_path / "sheet.png"
    options = ("--set", "data.fit=letterbox", "--set", "data.size=48")
    result = invoke(root, "--json", "--contact-sheet", sheet, *options)
    assert result.exit_code == 0
    said = json.loads(result.stdout)
    assert said["pairs"] == 12
    assert said["fit_mode"] == "letterbox"
    with Image.open(sheet) as image:
        assert image.size[0] == 6 * 3 * 48 + 5 * 4
    assert len(said["sheet_pairs"]) == 12
    assert {name.rpartition(" ")[2] for name in said["sheet_pairs"]} == {
        "(train)",
        "(val)",
        "(test)",
    }
    auto = json.loads(invoke(root, "--json").stdout)
    assert auto["size_hw"] == [64, 64]  # what a fit of images of 48 pixels would take
    assert medsynth.doctor(root).size_hw == (64, 64)
    (root / "masks/p00.png").unlink()
    assert invoke(root).exit_code == 3
    assert invoke(root, "--set", "data.on_mismatch=skip").exit_code == 0


def test_what_people_see(tmp_path):
    root = write_pairs(tmp_path, 12)
    (root / "masks/p00.png").unlink()
    report = diagnose(root, DataOptions(size=48))
    fit = {"device": "cpu", "steps": 830, "minutes": 19.0, "memory_gib": 0.84, "disk_gib": 0.35}
    lines = verb.summary(dataclasses.replace(report, fit=fit))
    assert lines[0].endswith("11 usable pairs of 11 (paired-folders)")
    assert lines[-1] == (
        "a fit would take: device cpu, 830 steps, about 19.0 minutes, 0.8 GiB of memory, "
        "0.35 GiB of disk"
    )
    table = verb.problem_table(report.problems)
    assert table.row_count == len(report.problems)


def test_of_no_pair_nothing_is_told(tmp_path):
    root = write_pairs(tmp_path, 1)
    (root / "images/p00.png").write_bytes(b"")
    assert verb.summary(diagnose(root, DataOptions())) == [
        f"{root}: 0 usable pairs of 1 (paired-folders)"
    ]


def test_the_next_step_is_told(invoke, tmp_path):
    root = write_pairs(tmp_path / "my data", 12)
    option = ("--set", "data.fit=letterbox")
    said = invoke(root, *option).stdout.replace("\n", " ")
    assert f"Next: medsynth fit '{root}' --set data.fit=letterbox" in said
    (root / "masks/p00.png").unlink()
    said = invoke(root, "--recipe", "compact").stdout.replace("\n", " ")
    assert "Next: mend the errors, first that some images have no mask [missing-mask]" in said
    assert f"then look again: medsynth doctor '{root}' --recipe compact" in said


@pytest.mark.parametrize(("n", "says"), [(12, "shows the 12 pairs"), (60, "shows 24 of 60 pairs")])
def test_the_contact_sheet_shows_all_splits(invoke, tmp_path, n, says):
    root = write_pairs(tmp_path / "data", n)
    sheet = tmp_path / "sheet.png"
    said = invoke(root, "--contact-sheet", sheet).stdout.replace("\n", " ")
    assert says in said
    assert "each with its name and split below" in said
    shown = diagnose(root, DataOptions(size=48), sheet=sheet).sheet_pairs
    assert len(shown) == min(n, 24)
    assert {name.rpartition(" ")[2] for name in shown} == {"(train)", "(val)", "(test)"}
    assert shown[0].startswith("p")


def test_what_evaluate_and_prove_would_refuse_is_told_before_the_fit(tmp_path):
    assert (held_out.LEAST_JUDGED, held_out.LEAST_PROVED) == (sets.LEAST, prove.LEAST_PAIRS)
    root = write_pairs(tmp_path, 24)
    report = diagnose(root, DataOptions(size=48))
    tip = codes(report)["few-held-out"].tip
    fractions = tuple(map(float, tip.partition("fractions=[")[2].partition("]")[0].split(",")))
    again = diagnose(root, DataOptions(size=48, fractions=fractions))
    assert again.splits == {"train": 10, "val": 4, "test": 10}
    assert "few-held-out" not in codes(again)
