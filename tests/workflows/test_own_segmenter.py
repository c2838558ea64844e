"""prove with the user's own training script: any program that reads an export and writes masks."""

import html
import json
import shlex
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medsynth.core.errors import InputError, UsageError
from medsynth.data.index import DataIndex
from medsynth.workflows.augment.augment import AugmentConfig, augment
from medsynth.workflows.fit.fit import FitConfig, fit
from medsynth.workflows.prove.own_command import OwnCommand
from medsynth.workflows.prove.predictions import read_predictions
from medsynth.workflows.prove.prove import ProveConfig, prove

SCRIPT = """
import json, pathlib, sys
import numpy as np
from PIL import Image

data, images, out, seed = map(pathlib.Path, sys.argv[1:5])
assert int(str(seed)) in (0, 1)
train = sorted((data / "train" / "images").glob("*.png"))
pixels = np.concatenate([np.array(Image.open(p)).reshape(-1, 3) for p in train]).astype(float)
labels = np.concatenate([
    np.array(Image.open(data / "train" / "masks" / p.name)).ravel() for p in train
])
centres = [pixels[labels == k].mean(0) for k in (0, 1)]
for path in images.glob("*.png"):
    image = np.array(Image.open(path)).astype(float)
    away = [((image - centre) ** 2).sum(-1) for centre in centres]
    mask = (away[1] < away[0]).astype(np.uint8)
    Image.fromarray(mask * 255).save(out / path.name)
print("learned from", len(train))
"""


def quiet(done, total, text):
    """Progress that nobody sees."""


@pytest.fixture(scope="module")
def made(tmp_path_factory, blobs_anywhere, recipe_text):
    """A run on forty pairs with sixteen samples."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "quick.yaml").write_text(recipe_text)
    data = blobs_anywhere(folder / "data", n=40)
    config = FitConfig(data, str(folder / "quick.yaml"), folder / "run", device="cpu")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        run = fit(config, quiet).run
        augment(AugmentConfig(16, run, device="cpu"), quiet)
    return run


@pytest.fixture
def run(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(made, tmp_path / "run"))


def command(script):
    return shlex.join([sys.executable, str(script)]) + " {data} {images} {predictions} {seed}"


def proved(run, script, *sets, **more):
    path = run.parent / "a script.py"
    path.write_text(script)
    sets = ("prove.ratios=[0.5]", "prove.seeds=2", *sets)
    config = ProveConfig(run, sets, device="cpu", segmenter_command=command(path), **more)
    return prove(config, quiet)


def test_any_script_is_judged_as_networks_are(run):
    result = proved(run, SCRIPT)
    assert [each.arm for each in result.arms] == ["real", "synthetic x0.5", "synthetic only"]
    real = len(DataIndex.load(run).split("train"))
    assert [each.pairs for each in result.arms] == [real, real + real // 2, 16]
    assert result.arms[0].dice > 0.5  # blobs differ in colour from what is behind them
    assert result.arms[0].val_dice > 0.5
    assert result.arms[0].network == "own"
    told = json.loads((run / "proof" / "proof.json").read_text())
    assert told["base"] == "real"
    assert "script.py" in told["segmenter_command"]
    page = (run / "report.html").read_text()
    assert "The proof holds for your own script on these data" in page
    assert "Segmenters were fitted by your own script" in page
    logs = sorted((run / "proof" / "own").glob("*/log.txt"))
    assert len(logs) == 6
    assert logs[0].read_text().startswith("learned from")


def test_what_is_finished_is_not_run_again(run):
    first = proved(run, SCRIPT)
    logs = {p: p.stat().st_mtime_ns for p in (run / "proof" / "own").glob("*/log.txt")}
    assert proved(run, SCRIPT).to_json() == first.to_json()
    assert {p: p.stat().st_mtime_ns for p in (run / "proof" / "own").glob("*/log.txt")} == logs
    with pytest.raises(InputError, match="the script changed"):
        proved(run, "raise SystemExit('the script changed')")


def test_a_script_predicts_other_data_too(run, blobs_anywhere, tmp_path):
    other = blobs_anywhere(tmp_path / "hospital-b", n=12, seed=900)
    result = proved(run, SCRIPT, data=other)
    assert (result.judged_on, result.test_images) == ("hospital-b", 12)
    assert result.arms[0].dice > 0.5
    assert not list((run / "proof").glob("units/*.test.json"))
    logs = {p: p.stat().st_mtime_ns for p in (run / "proof" / "own").glob("*/log.txt")}
    assert proved(run, SCRIPT, data=other).to_json() == result.to_json()
    assert {p: p.stat().st_mtime_ns for p in (run / "proof" / "own").glob("*/log.txt")} == logs


def test_what_a_script_decides_cannot_be_set_here(run):
    for text in ("prove.networks=[segresnet]", "prove.segmenter.steps=9", "prove.stops=2"):
        with pytest.raises(UsageError, match="your script decides that"):
            proved(run, SCRIPT, text)


def test_a_changed_file_behind_an_equals_sign_is_noticed(tmp_path):
    settings = tmp_path / "settings.json"
    settings.write_text("{}")
    named = OwnCommand(f"python -m own --config={settings} {{data}} {{images}} {{predictions}}")
    before = named.files()
    settings.write_text('{"threshold": 3}')
    assert len(before) == 1
    assert named.files() != before


def test_code_that_no_word_names_is_told_not_to_be_noticed(run):
    said = []
    places = "{data} {images} {predictions}"
    config = ProveConfig(
        run, ("prove.ratios=[0.5]",), segmenter_command=f"no-such-one -m own {places}"
    )
    with pytest.raises(UsageError, match="cannot be run"):
        prove(config, quiet, said.append)
    assert [each.split(":")[0] for each in said] == ["no word of --segmenter-command is a file"]


def test_the_commands_that_make_a_proof_again_name_the_script(run, tmp_path):
    other = Path(shutil.copytree(run, tmp_path / "other"))
    manifest = other / "samples" / "manifest.jsonl"
    manifest.write_bytes(b"".join(manifest.read_bytes().splitlines(keepends=True)[1:]))
    proved(run, SCRIPT, "export.order=plan", beside=(other,))
    page = html.unescape((run / "report.html").read_text())
    line = next(each for each in page.splitlines() if each.startswith("medsynth prove "))
    python = Path(sys.executable).name
    own = f'{python} "a script.py" {{data}} {{images}} {{predictions}} {{seed}}'
    assert f"--beside OTHER --segmenter-command '{own}'" in line
    assert "--set 'export.order=plan'" in line
    assert str(tmp_path) not in line


def test_the_script_never_sees_a_mask_of_test(run):
    proved(run, SCRIPT)
    test = {item.id for item in DataIndex.load(run).split("test")}
    own = run / "proof" / "own"
    assert not [p for p in (own / "data").rglob("*") if p.stem in test]
    assert all(test.isdisjoint(p.read_text().split(",")) for p in own.rglob("data/**/*.csv"))
    seen = list((own / "images").rglob("*.png"))
    assert test <= {p.stem for p in seen}
    assert all(np.array(Image.open(p)).ndim == 3 for p in seen)


def test_a_script_that_fails_says_why_and_prove_goes_on_later(run):
    with pytest.raises(InputError, match=r"ended with 1; its last lines:\n.*no GPU") as caught:
        proved(run, "raise SystemExit('no GPU')")
    assert "log.txt" in caught.value.tip
    with pytest.raises(InputError, match=r"predictions in .* cannot be used: .*: it is missing"):
        proved(run, "print('nothing')")
    assert proved(run, SCRIPT).arms[0].dice > 0.5


def test_any_format_is_exported(run):
    script = "import os, sys; print(sorted(os.listdir(sys.argv[1])))"
    with pytest.raises(InputError, match="it is missing"):
        proved(run, script, "prove.segmenter_format=coco")
    assert "annotations" in next((run / "proof" / "own").glob("*/log.txt")).read_text()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("train {data} {images}", "lacks {predictions}"),
        ("train {data} {images} {predictions} {gpu}", "unknown place {gpu}"),
        ("train '{data} {images} {predictions}", "cannot be read: No closing quotation"),
        ("train {data {images} {predictions}", "cannot be read"),
    ],
)
def test_commands_that_cannot_work_are_refused_at_once(text, said):
    with pytest.raises(UsageError, match=said):
        OwnCommand(text)


def test_programs_that_are_not_there_and_budgets_are_refused(run):
    places = "{data} {images} {predictions}"
    config = ProveConfig(run, ("prove.ratios=[0.5]",), segmenter_command=f"no-such-one {places}")
    with pytest.raises(UsageError, match="no-such-one cannot be run"):
        prove(config, quiet)
    with pytest.raises(UsageError, match="cannot plan what"):
        proved(run, SCRIPT, max_minutes=3)
    with pytest.raises(UsageError, match="unknown"):
        proved(run, SCRIPT, "prove.segmenter_format=paper")


def test_predictions_are_read_strictly(tmp_path):
    good = np.zeros((4, 6), np.uint8)
    good[1, 2] = 1
    Image.fromarray(good).save(tmp_path / "a.png")
    Image.fromarray(good * 255).save(tmp_path / "b.png")
    found = read_predictions(tmp_path, ["a", "b"], (4, 6), 2)
    assert (found == good).all()
    Image.fromarray(good * 7).save(tmp_path / "d.png")
    Image.fromarray(good.T.copy()).save(tmp_path / "e.png")
    with pytest.raises(InputError, match=r"d: it holds the value 7, e: it is 4x6"):
        read_predictions(tmp_path, ["a", "d", "e"], (4, 6), 2)
    with pytest.raises(InputError, match="b: it holds the value 255"):
        read_predictions(tmp_path, ["b"], (4, 6), 3)
