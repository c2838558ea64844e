"""prove: equal arms, val before test, resumable, and it can tell good data from bad."""

import contextlib
import dataclasses
import json
import os
import re
import shutil
import signal
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from medsynth.core.errors import InputError, InterruptedRunError, UsageError
from medsynth.data.index import DataIndex
from medsynth.exporters.choose import ChoiceOptions
from medsynth.io.sealed_lines import unsealed
from medsynth.model.segmenter_options import SegmenterOptions
from medsynth.quality.gates.gate import Pairs
from medsynth.quality.proof.agreement import Agreement
from medsynth.training.copy_paste import paste_objects
from medsynth.workflows.augment.augment import AugmentConfig, augment
from medsynth.workflows.export.export import ExportConfig, export_run
from medsynth.workflows.fit.fit import FitConfig, fit
from medsynth.workflows.prove.arms import arms_of
from medsynth.workflows.prove.budget import Budget, plan_within
from medsynth.workflows.prove.conclusion import _arm_result
from medsynth.workflows.prove.options import ProveOptions
from medsynth.workflows.prove.prove import ProveConfig, prove
from tests.mobilenet_wheel import hide_wheel

QUICK = (
    "prove.ratios=[0.5]",
    "prove.copy_paste=false",
    "prove.seeds=2",
    "prove.stops=2",
    "prove.segmenter.steps=30",
    "prove.segmenter.width=4",
    "prove.segmenter.batch=4",
)


def quiet(*told):
    """Progress that nobody sees."""


@pytest.fixture(scope="module")
def made(tmp_path_factory, blobs_anywhere, recipe_text):
    """A run on forty pairs with sixteen samples."""
    folder = tmp_path_factory.mktemp("prove")
    before = Path.cwd()
    os.chdir(folder)
    try:
        (folder / "quick.yaml").write_text(recipe_text)
        data = blobs_anywhere(folder / "data", n=40)
        run = fit(FitConfig(data, str(folder / "quick.yaml"), folder / "run", device="cpu"), quiet)
        augment(AugmentConfig(16, run.run, device="cpu"), quiet)
    finally:
        os.chdir(before)
    return run.run


@pytest.fixture
def run(made, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(made, tmp_path / "run"))


def proved(run, *sets, report=quiet, note=quiet, **more):
    return prove(ProveConfig(run, (*QUICK, *sets), device="cpu", **more), report, note)


@pytest.fixture(scope="module")
def whole(made, tmp_path_factory):
    """A copy of the run with a finished proof, and what it found."""
    run = Path(shutil.copytree(made, tmp_path_factory.mktemp("whole") / "run"))
    return run, proved(run)


def test_arms_on_equal_steps_and_a_verdict(whole):
    run, result = whole
    assert [each.arm for each in result.arms] == [
        "classic", "real alone", "synthetic x0.5", "synthetic only",
    ]  # fmt: skip
    real = result.arms[0].pairs
    assert [each.pairs for each in result.arms] == [real, real, real + real // 2, 16]
    assert result.arms[0].against is None
    for each in result.arms:
        assert 0 <= each.dice <= 1
        assert len(each.seed_dice) == 2
        assert each.dice == pytest.approx(np.mean(each.seed_dice), abs=1e-4)
        assert set(each.class_dice) == {"foreground"}
    assert result.recommended == {"unet": "synthetic x0.5"}
    assert "synthetic x0.5" in result.sentences[0]
    told = json.loads((run / "proof" / "proof.json").read_text())
    assert told["recommended"] == result.recommended
    assert str(run) not in json.dumps(told)
    assert result.arms[0].dice > 0.3  # discs are easy: real pairs teach them


def test_the_same_again_fits_nothing_and_says_the_same(whole):
    run, first = whole
    told = []
    again = proved(run, report=lambda done, total, text: told.append((done, total)))
    assert again == first
    assert (8, 8) in told
    assert (7, 8) not in told


def test_a_choice_among_ratios_is_told_with_what_it_rests_on(run, whole):
    alone = " ".join(whole[1].sentences)
    assert "best on val" not in alone  # of one arm there is no choice
    shutil.rmtree(run)
    shutil.copytree(whole[0], run)
    result = proved(run, "prove.ratios=[0.25,0.5]")
    arm = result.recommended["unet"]
    said = next(each for each in result.sentences if "best on val" in each)
    assert arm in said
    assert "of 2 synthetic arms the best on val" in said
    groups = {item.group for item in DataIndex.load(run).split("val")}
    assert (f"With {len(groups)} val groups that choice is largely chance." in said) == (
        len(groups) < 10
    )


def test_stopped_it_goes_on_to_the_same_figures(run, whole):
    def report(done, total, text):
        if done == 2:
            os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(InterruptedRunError, match="of 8 segmenters fitted"):
        proved(run, report=report)
    assert not list((run / "proof").glob("units/*.test.json"))  # not opened before the end
    assert proved(run).to_json() == whole[1].to_json()


def test_a_segmenter_under_way_is_not_waited_for(run):
    def report(done, total, text):
        if (done, text) == (0, ""):
            threading.Timer(1, os.kill, (os.getpid(), signal.SIGINT)).start()

    with pytest.raises(InterruptedRunError, match="0 of 8 segmenters fitted"):
        proved(run, "prove.segmenter.steps=1000000000", report=report)
    assert not list((run / "proof" / "units").glob("*"))


def test_weights_that_are_not_installed_are_missed_before_anything_is_fitted(run, monkeypatch):
    hide_wheel(monkeypatch)
    with pytest.raises(InputError, match="MobileNetV2's weights are not installed"):
        proved(run, "prove.networks=[unet,mobilenet-unet]")
    assert not (run / "proof" / "units").exists()


@pytest.mark.parametrize("ratio", ["0", "-1", ".inf"])
def test_ratios_that_cannot_be_are_refused(run, ratio):
    with pytest.raises(UsageError, match=r"prove\.ratios"):
        proved(run, f"prove.ratios=[{ratio}]")


@pytest.mark.parametrize("twice", ["ratios=[1,1.0]", "real_endings=[0,0]", "networks=[unet,unet]"])
def test_nothing_is_compared_with_itself(run, twice):
    with pytest.raises(UsageError, match=f"prove.{twice.partition('=')[0]}.* twice"):
        proved(run, f"prove.{twice}")


def test_networks_are_named_in_one_place(run):
    with pytest.raises(UsageError, match=r"prove\.networks names the networks"):
        proved(run, "prove.segmenter.network=mobilenet-unet")
    older = {"segmenter": {"network": "unet", "steps": 7}}  # as runs before have it
    assert ProveOptions.model_validate(older).segmenter.steps == 7


def test_more_seeds_go_on_from_those_there_are(run, whole):
    shutil.rmtree(run)
    shutil.copytree(whole[0], run)
    told = []
    more = proved(run, "prove.seeds=3", report=lambda done, total, text: told.append((done, total)))
    assert (8, 12) in told
    assert (7, 12) not in told
    for before, after in zip(whole[1].arms, more.arms, strict=True):
        assert after.seed_dice[:2] == before.seed_dice


def test_on_val_while_choosing_test_stays_closed(run, whole):
    result = proved(run, "prove.split=val")
    assert (result.judged_on, result.report) == ("val", None)
    assert not list((run / "proof").glob("units/*.test.json"))
    assert not (run / "proof" / "proof.json").exists()
    assert result.test_images == len(DataIndex.load(run).split("val"))
    assert [arm.val_dice for arm in result.arms] == [arm.val_dice for arm in whole[1].arms]


def test_other_data_take_the_place_of_test_which_stays_closed(run, whole, blobs_anywhere, tmp_path):
    shutil.rmtree(run)
    shutil.copytree(whole[0], run)
    opened = sorted((run / "proof").rglob("*.test.json")), (run / "report.html").read_bytes()
    other = blobs_anywhere(tmp_path / "hospital b", n=14, seed=900)
    told, fitted = [], []
    result = proved(run, data=other, note=told.append, report=lambda d, t, _: fitted.append((d, t)))
    assert fitted == [(8, 8)]  # the segmenters are those of before
    assert (result.judged_on, result.test_images, result.report) == ("hospital b", 14, None)
    assert [a.val_dice for a in result.arms] == [a.val_dice for a in whole[1].arms]
    assert [a.dice for a in result.arms] != [a.dice for a in whole[1].arms]
    assert json.loads(result.figures.read_text())["judged_on"] == "hospital b"
    assert json.loads((run / "proof/proof.json").read_text())["judged_on"] == "test"
    assert (sorted((run / "proof").rglob("*.test.json")), (run / "report.html").read_bytes()) == (
        opened
    )
    assert told == []


def test_what_train_or_val_know_is_no_other_data(run, whole, blobs_anywhere, tmp_path):
    """By the image itself, and by the name of its group."""
    shutil.rmtree(run)
    shutil.copytree(whole[0], run)
    index = DataIndex.load(run)
    other = blobs_anywhere(tmp_path / "b", n=14, seed=900)
    known = [*index.split("train")[:2], *index.split("val")[:1]]
    for item in known:
        for kind, name in (("images", item.image), ("masks", item.masks[0])):
            shutil.copy(index.root / name, other / kind / f"known-{item.id}.png")
    group = index.split("val")[0].group
    new = sorted(p.stem for p in (other / "images").iterdir() if not p.stem.startswith("known"))
    (other / "groups.csv").write_text(f"stem,group\n{new[0]},{group}\n{new[1]},{group}\n")
    told = []
    result = proved(run, data=other, note=told.append)
    assert result.test_images == 12
    assert told == list(result.notes) == [
        "left out, for the run has them in train or val: 3 of the 17 pairs of b.",
        "left out, for train or val name their groups alike: 2 of the 17 pairs of b. If these are "
        "other patients, give their groups other names.",
    ]  # fmt: skip


def test_synthetic_pairs_of_an_export_are_no_other_data(run, blobs_anywhere, recipe_text, tmp_path):
    """Another lab's export holds pairs of a generator; only its real ones are patients."""
    with contextlib.chdir(tmp_path):
        other = blobs_anywhere(tmp_path / "b", n=20, seed=900)
        Path("quick.yaml").write_text(recipe_text)
        theirs = fit(FitConfig(other, "quick.yaml", Path("theirs"), device="cpu"), quiet).run
        augment(AugmentConfig(5, theirs, device="cpu"), quiet)
        export_run(ExportConfig("folder", theirs, Path("out")), quiet)
    told = []
    result = proved(run, data=tmp_path / "out", note=told.append)
    assert result.test_images == 20
    assert told == ["left out, for they are synthetic: 5 of the 25 pairs of out."]


def test_the_data_of_the_run_mean_its_own_test(whole, run):
    shutil.rmtree(run)
    shutil.copytree(whole[0], run)
    assert proved(run, data=DataIndex.load(run).root).test_images == whole[1].test_images
    with pytest.raises(UsageError, match=r"no data of .*, so it has none of its val"):
        proved(run, "prove.split=val", data=run)


def test_runs_on_the_same_pairs_are_compared_in_one_proof(run, whole, tmp_path):
    """The other run's samples are noise, so its arm must lose against the proof's own."""
    shutil.rmtree(run)
    shutil.copytree(whole[0], run)
    other = Path(shutil.copytree(run, tmp_path / "noisy <b> run"))
    for path in sorted((other / "samples" / "images").glob("*.png")):
        noise = np.random.default_rng(1).integers(0, 255, (32, 32, 3))
        Image.fromarray(noise.astype(np.uint8)).save(path)
    told = []
    result = proved(
        run, beside=(other,), report=lambda done, total, text: told.append((done, total))
    )
    names = [each.arm for each in result.arms]
    assert names[-2:] == ["synthetic x0.5 of noisy <b> run", "synthetic only of noisy <b> run"]
    assert (8, 12) in told  # what was fitted for the run alone is not fitted again
    assert result.arms[-1].dice < whole[1].arms[-1].dice
    assert "made by the run" in (run / "report.html").read_text()


def test_runs_that_cannot_be_compared_are_refused(run, tmp_path, blobs_anywhere, recipe_text):
    with pytest.raises(UsageError, match="two of the runs to compare are called run"):
        proved(run, beside=(run,))
    sets = ("base.steps=1", "siamese.steps=1")
    data, recipe = blobs_anywhere(tmp_path / "other", n=12), tmp_path / "quick.yaml"
    recipe.write_text(recipe_text)
    other = fit(FitConfig(data, str(recipe), tmp_path / "fit", sets, device="cpu"), quiet)
    with pytest.raises(InputError, match="was not fitted on the pairs of"):
        proved(run, beside=(other.run,))
    assert not (run / "proof").exists()


def test_a_proof_on_leaked_pairs_is_refused(run):
    """A sample whose mask came from a val pair would teach the segmenter what it is judged by."""
    val = DataIndex.load(run).split("val")[0].id
    manifest = run / "samples" / "manifest.jsonl"
    rows = [json.loads(unsealed(line)) for line in manifest.read_bytes().splitlines()]
    for row in rows:
        if row["lineage"]["sources"]:
            row["lineage"]["sources"][0] = val
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows))
    with pytest.raises(InputError, match="leak"):
        proved(run)


def test_images_that_do_not_show_their_masks_hurt(run, whole):
    """Noise in place of images: whoever learns from it alone learns nothing."""
    images = sorted((run / "samples" / "images").glob("*.png"))
    for path in images:
        noise = np.random.default_rng(len(path.name)).integers(0, 255, (32, 32, 3))
        Image.fromarray(noise.astype(np.uint8)).save(path)
    bad = proved(run, "prove.ratios=[]")
    only = next(each for each in bad.arms if each.arm == "synthetic only")
    assert only.dice < whole[1].arms[0].dice
    assert only.against.word == "hurts"


def test_too_few_samples_or_pairs_are_refused(run, tmp_path):
    with pytest.raises(InputError, match="'synthetic x2' wants") as caught:
        proved(run, "prove.ratios=[2]")
    assert "medsynth augment --n" in caught.value.tip
    shutil.rmtree(run / "samples")
    with pytest.raises(InputError, match=r"'synthetic x2' wants .* hold 0\.") as caught:
        proved(run, "prove.ratios=[0.5,2]")  # what is advised suffices for both
    assert "ratio" not in caught.value.tip
    with pytest.raises(
        UsageError, match=r"prove can set prove\.\*, export\.\* and evaluate\.report_images only"
    ):
        proved(run, "sampling.steps=3")
    assert not (run / "proof").exists()


def test_a_budget_is_planned_ahead_and_kept(run):
    proved(run, "prove.ratios=[]", "prove.synthetic_only=false", max_minutes=1000)
    budget = json.loads(next((run / "proof").glob("*/budget.json")).read_text())
    assert (budget["seeds"], budget["steps"]) == (2, 30)
    with pytest.raises(UsageError, match="is too little for 4 arms"):
        proved(run, "prove.seeds=3", max_minutes=0.0001)


def test_another_limit_is_planned_anew(run):
    """It was ignored once a proof had begun, and stayed when it was left out."""
    arms = ("prove.ratios=[]", "prove.synthetic_only=false", "prove.real_alone=false")
    said = []
    proved(run, *arms, max_minutes=1000, note=said.append)
    plan = next((run / "proof").glob("*/budget.json"))
    Budget(1, 30, 0.1, 0.5).write(plan.parent)  # as a tight limit would
    assert len(proved(run, *arms, note=said.append).arms[0].seed_dice) == 2
    assert said == [
        "planned for 1000 minutes: 2 seeds, 30 steps each", "planned: 2 seeds, 30 steps each",
    ]  # fmt: skip
    Budget(1, 30, 0.1, 0.5).write(plan.parent)
    assert len(proved(run, *arms, max_minutes=0.5).arms[0].seed_dice) == 1


def test_an_older_plan_holds_for_any_limit_but_none():
    """It did not keep its limit, but that it had one."""
    older = Budget(3, 200, 0.8)
    assert older.holds_for(0.8)
    assert not older.holds_for(None)
    assert Budget(5, 600, 0.0).holds_for(None)
    assert not Budget(5, 600, 0.0).holds_for(0.8)


def test_budgets_take_seeds_first_then_steps():
    options = ProveOptions()
    assert plan_within(None, options, 7, 0).seeds == 5
    all_of_it = 7 * 5 * 600 * 1.15 / 60
    assert plan_within(all_of_it + 1, options, 7, 1.0).steps == 600
    fewer = plan_within(all_of_it * 0.7, options, 7, 1.0)
    assert (fewer.seeds, fewer.steps) == (3, 600)
    shorter = plan_within(all_of_it * 0.3, options, 7, 1.0)
    assert shorter.seeds == 3
    assert 250 < shorter.steps < 310
    assert shorter.minutes <= all_of_it * 0.3


def test_arms_choose_as_exports_do():
    arms = {arm.name: arm for arm in arms_of(ProveOptions())}
    assert next(iter(arms)) == "classic"
    assert arms["synthetic x2"].choice(ChoiceOptions()).ratio == 2
    assert arms["synthetic only"].choice(ChoiceOptions()).synthetic_only
    assert arms["copy-paste"].choice(ChoiceOptions()).ratio == 0
    assert not arms["copy-paste"].is_synthetic


def test_arms_hold_what_an_export_with_these_options_holds(run):
    Path("ids.txt").write_text("\n".join(f"s{k:07d}" for k in range(1, 8)))
    with pytest.raises(
        InputError, match=r"'synthetic x0\.5' wants 1\d .* exports of .* hold 9\."
    ) as caught:
        proved(run, "export.reject=ids.txt")
    wanted = int(re.search(r"wants (\d+)", caught.value.what)[1])
    assert f"--n {16 + wanted - 9} --run" in caught.value.tip  # seven are not taken
    with pytest.raises(UsageError, match="each arm has its own"):
        proved(run, "export.ratio=2")
    with pytest.raises(UsageError, match="as the generator does"):
        proved(run, "export.geometry=original")
    original = ChoiceOptions(geometry="original")  # as a recipe may say
    assert {arm.choice(original).geometry for arm in arms_of(ProveOptions())} == {"model"}


def test_a_class_that_nobody_sees_on_test_is_left_out():
    """A rare class may be in train alone; nothing is known of it, and NaN is no JSON."""
    dice, unknown = np.array([[0.5, np.nan], [0.75, np.nan]]), np.full((2, 2), np.nan)
    notes = [{"pairs": 3, "dice": 0.5, "curve": []}]
    found = _arm_result(
        "classic", "unet", notes, [Agreement(dice, dice, unknown)], ["a", "b"], ["x", "rare"], None
    )
    assert found.class_dice == {"x": 0.625}
    assert found.hd95_px is None
    json.dumps(dataclasses.asdict(found), allow_nan=False)


def test_an_ending_shows_real_pairs_alone():
    options = ProveOptions(ratios=(1.0,), real_endings=(0.0, 0.3))
    arms = {arm.name: arm for arm in arms_of(options)}
    assert {"synthetic x1", "synthetic x1, last 30 % real"} <= set(arms)
    shade = np.arange(12, dtype=np.uint8)[:, None, None, None] * np.ones((1, 4, 4, 3), np.uint8)
    pairs = Pairs(shade, shade[..., 0], [frozenset([str(k)]) for k in range(12)])
    real = Pairs(shade[:6], shade[:6, ..., 0], pairs.groups[:6])
    segmenter = SegmenterOptions(steps=10, batch=6)
    mixed, ended = (
        arms[name].draw(pairs, real, segmenter, 7)
        for name in ("synthetic x1", "synthetic x1, last 30 % real")
    )
    for step in range(10):
        images, labels = ended(step)
        assert np.array_equal(images[..., 0], labels)
        if step < 7:
            assert np.array_equal(images, mixed(step)[0])
        else:
            assert sorted(labels[:, 0, 0]) == list(range(6))
    assert [a.name for a in arms_of(options, own=True)] == [
        "real",
        "synthetic x1",
        "synthetic only",
    ]


def test_endings_are_arms_of_a_proof(run, whole):
    shutil.rmtree(run)
    shutil.copytree(whole[0], run)
    ended = proved(run, "prove.real_endings=[0,0.5]")
    assert [each.arm for each in ended.arms] == [
        "classic", "real alone", "synthetic x0.5", "synthetic x0.5, last 50 % real",
        "synthetic only",
    ]  # fmt: skip
    assert ended.arms[2] == whole[1].arms[2]
    assert ended.arms[3].seed_dice != ended.arms[2].seed_dice
    assert ended.arms[3].pairs == ended.arms[2].pairs
    for none in ("[1]", "[]"):
        with pytest.raises(UsageError, match="real_endings"):
            proved(run, f"prove.real_endings={none}")


def test_pasted_objects_bring_their_labels():
    images = np.full((8, 40, 40, 3), 60, np.uint8)
    labels = np.zeros((8, 40, 40), np.uint8)
    labels[:4, 10:18, 12:20] = 2
    images[:4][labels[:4] == 2] = 220
    pasted, masks = paste_objects(images, labels, np.random.default_rng(0))
    assert set(np.unique(masks)) == {0, 2}
    assert (masks > 0).sum() > (labels > 0).sum()
    inside = pasted[..., 0][masks == 2].astype(float)
    assert np.quantile(inside, 0.25) > 150  # but for blended borders
    assert images.max() == 220
    assert (labels[4:] == 0).all()
