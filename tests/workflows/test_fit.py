"""fit: what it leaves, how it goes on, what data it takes."""

import json
import os
import shutil
import signal
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

from medsynth.core.errors import InputError, InterruptedRunError, UsageError
from medsynth.data.index import DataIndex
from medsynth.io.images import read_png
from medsynth.io.runs import Run
from medsynth.io.yaml import dump_yaml, read_yaml
from medsynth.store.samples import SampleStore
from medsynth.training.checkpoints import Checkpoints
from medsynth.training.log import read_log
from medsynth.workflows.augment.augment import AugmentConfig, augment
from medsynth.workflows.fit import fit as module
from medsynth.workflows.fit.estimate import estimate
from medsynth.workflows.fit.fit import FitConfig, FitResult
from medsynth.workflows.fit.fit import fit as run_fit
from medsynth.workflows.recipe import run_fit_sha256


def quiet(done, total, text):
    """Progress that nobody sees."""


class Stopper:
    """A report that sends SIGINT to this process in the midst of step `steps`."""

    def __init__(self, steps):
        self.steps = steps

    def __call__(self, done, total, text):
        if total and done == self.steps - 1:
            os.kill(os.getpid(), signal.SIGINT)


@pytest.fixture(autouse=True)
def _own_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def fit(recipe):
    def fit(data, *sets, run="run", report=quiet, warn=lambda _: None, **more):
        values = {"recipe": None if more.get("resume") else str(recipe), "device": "cpu"} | more
        config = FitConfig(data, run=Path(run) if run else None, sets=sets, **values)
        return run_fit(config, report, warn)

    return fit


def newest(run):
    return Checkpoints(Path(run) / "checkpoints").latest()


def files(folder):
    return sorted(p.relative_to(folder).as_posix() for p in Path(folder).rglob("*") if p.is_file())


def test_a_run_explains_itself(fitted):
    run = fitted.run
    assert {
        "recipe.yaml", "run.json", "index.json", "items.jsonl", "trained_on.jsonl", "log.jsonl",
        "checkpoints/codec.safetensors", "checkpoints/siamese-0000004/weights.safetensors",
        "checkpoints/base-0000003/state.json", "grids/siamese-0000004.png",
    } <= set(files(run))  # fmt: skip
    about = json.loads((run / "run.json").read_text())
    assert about["versions"].keys() >= {"medsynth", "torch", "diffusers"}
    assert (about["device"], about["threads"], about["seed"]) == ("cpu", 1, 0)
    resolved = read_yaml(run / "recipe.yaml")
    assert resolved["base"]["steps"] == 3
    assert resolved["masks"]["policy"]
    index = DataIndex.load(run)
    assert len(index.items) == 14
    assert [c.name for c in index.classes] == ["background", "foreground"]
    losses = [row for row in read_log(run / "log.jsonl") if "total" in row]
    assert [(r["phase"], r["step"]) for r in losses] == [
        *(("base", k) for k in (1, 2, 3)),
        *(("siamese", k) for k in (1, 2, 3, 4)),
    ]
    assert not [name for name in files(run) if ".medsynth-tmp-" in name]
    grid = read_png(run / "grids" / "siamese-0000004.png")
    shown = max(1, len(index.split("val")))
    assert grid.shape == (3 * 34 - 2, shown * 34 - 2, 3)


def test_the_same_fit_makes_the_same_weights(fit, fitted):
    result = fit(fitted.data)
    assert newest("run") == newest(fitted.run)
    assert result.steps == {"base": 3, "siamese": 4}
    assert result.val_loss == newest("run").val_loss
    for name in ("recipe.yaml", "items.jsonl", "grids/siamese-0000004.png"):
        assert (Path("run") / name).read_bytes() == (fitted.run / name).read_bytes()


@pytest.mark.parametrize("steps", [2, 3, 5])
def test_stopped_by_ctrl_c_it_goes_on_to_the_same_weights(fit, fitted, steps):
    with pytest.raises(InterruptedRunError, match="stopped after") as caught:
        fit(fitted.data, report=Stopper(steps))
    assert caught.value.tip == "Go on with it: medsynth fit --resume --run run"
    expected = ("base", steps) if steps <= 3 else ("siamese", steps - 3)
    assert (newest("run").phase, newest("run").step) == expected
    fit(None, resume=True, run=None)  # the latest
    assert newest("run") == newest(fitted.run)
    rows = [(r["phase"], r["step"]) for r in read_log(Path("run/log.jsonl")) if "total" in r]
    assert len(rows) == len(set(rows)) == 7


@pytest.mark.parametrize("option", ["training.precision=bf16", "model.compact.dropout=0.3"])
def test_a_fit_of_another_kind_goes_on_to_the_same_weights(fit, fitted, option):
    fit(fitted.data, option, run="whole")
    with pytest.raises(InterruptedRunError):
        fit(fitted.data, option, report=Stopper(5))
    fit(None, resume=True, run=None)
    assert newest("run") == newest("whole")
    assert newest("run") != newest(fitted.run)


def test_resuming_takes_no_other_options(fit, fitted, own_run):
    for more in ({"recipe": "compact"}, {"max_minutes": 1.0}, {"init_from": fitted.run}):
        with pytest.raises(UsageError, match="takes no other options"):
            fit(None, run=own_run, resume=True, **more)
    with pytest.raises(UsageError, match="takes no other options"):
        fit(None, "seed=3", run=own_run, resume=True)
    with pytest.raises(UsageError, match=r"begun with --steps 4.*cannot go on with 9") as caught:
        fit(None, run=own_run, resume=True, steps=9)
    assert "--init-from" in caught.value.tip
    assert fit(None, run=own_run, resume=True, steps=4).steps["siamese"] == 4


def test_resuming_finds_data_that_was_moved(fit, blobs):
    data = blobs()
    with pytest.raises(InterruptedRunError):
        fit(data, report=Stopper(2))
    data.rename("elsewhere")
    with pytest.raises(InputError, match="cannot be read"):
        fit(None, resume=True)
    assert fit(Path("elsewhere"), resume=True).steps["siamese"] == 4


def test_resuming_refuses_data_that_changed(fit, blobs):
    data = blobs()
    with pytest.raises(InterruptedRunError):
        fit(data, report=Stopper(2))
    changed = data / DataIndex.load(Path("run")).split("train")[0].image
    changed.write_bytes((data / "images" / "p13.png").read_bytes()[:-1] + b"x")
    with pytest.raises(InputError, match="has changed since the fit"):
        fit(None, resume=True)


def test_steps_and_options_from_the_command(fit, fitted):
    result = fit(fitted.data, "base.steps=1", "seed=7", steps=2)
    assert result.steps == {"base": 1, "siamese": 2}
    resolved = read_yaml(Path("run/recipe.yaml"))
    assert (resolved["seed"], resolved["siamese"]["steps"]) == (7, 2)
    with pytest.raises(UsageError, match="at least 1, not 0"):
        fit(fitted.data, steps=0, run="other")
    with pytest.raises(UsageError, match="holds a run already") as caught:
        fit(fitted.data)
    assert "--resume --run run" in caught.value.tip


def test_runs_are_numbered_where_no_name_is_given(fit, fitted):
    sets = ("base.steps=1", "siamese.steps=1")
    assert fit(fitted.data, *sets, run=None).run == Path("runs/data-1")
    assert fit(fitted.data, *sets, run=None).run == Path("runs/data-2")
    assert Path("runs/latest").read_text().strip() == str(Path("runs/data-2").resolve())


def test_a_budget_of_minutes_fixes_the_steps(fit, fitted):
    result = fit(fitted.data, max_minutes=0.02)
    assert min(result.steps.values()) >= 1
    resolved = read_yaml(Path("run/recipe.yaml"))
    assert result.steps == {name: resolved[name]["steps"] for name in ("base", "siamese")}
    assert newest("run").planned == result.steps
    assert result.elapsed_s < 10
    assert fit(None, resume=True).steps == result.steps


def test_an_estimate_writes_nothing(fitted, recipe, tmp_path):
    before = {p: p.stat().st_mtime_ns for p in fitted.data.rglob("*")}
    told = []
    found = estimate(FitConfig(fitted.data, str(recipe)), lambda *said: told.append(said))
    assert found.pairs == 10
    assert found.steps == {"base": 3, "siamese": 4}
    assert found.minutes > 0
    assert found.siamese_step_s > 0
    assert found.memory_bytes > 10**7
    total = sum(p.stat().st_size for p in (fitted.run / "checkpoints").rglob("*"))
    assert 0.5 < found.disk_bytes / total < 3
    assert list(tmp_path.iterdir()) == []
    assert {p: p.stat().st_mtime_ns for p in fitted.data.rglob("*")} == before
    short = estimate(FitConfig(fitted.data, str(recipe), max_minutes=0.05), quiet)
    assert short.minutes <= 0.06


def test_an_estimate_counts_the_codecs_own_fit(fitted, recipe):
    """It is part of what a budget of minutes pays for."""
    patches = "model.codec={name: patches, factor: 4, channels: 8, steps: 2000}"
    asked = FitConfig(fitted.data, str(recipe), sets=(patches,))
    found = estimate(asked, quiet)
    assert found.codec_s > 1
    assert found.minutes > found.codec_s / 60
    again = estimate(replace(asked, init_from=fitted.run), quiet)
    assert again.codec_s == 0


def test_a_budget_adds_no_phase(fit, fitted):
    result = fit(fitted.data, "siamese.steps=0", max_minutes=0.02)
    assert result.base_alone
    assert result.steps["siamese"] == 0


@pytest.mark.parametrize("steps", [1, 10])
def test_a_codec_may_have_few_steps(fit, fitted, steps):
    patches = f"model.codec={{name: patches, factor: 4, channels: 8, steps: {steps}}}"
    assert fit(fitted.data, patches, "base.steps=1", "siamese.steps=1").pairs == 10


def test_a_budget_that_the_codec_uses_up_is_told(fit, fitted):
    told = []
    patches = "model.codec={name: patches, factor: 4, channels: 8, steps: 40}"
    fit(fitted.data, patches, max_minutes=0.001, warn=told.append)
    assert "of --max-minutes 0.001; 1 + 1 steps follow all the same" in " ".join(told)


def test_options_that_later_versions_add_do_not_disown_a_fit(fit, fitted):
    """An older medsynth wrote a recipe without them."""
    with pytest.raises(InterruptedRunError):
        fit(fitted.data, report=Stopper(5))
    recipe = Path("run/recipe.yaml")
    values = read_yaml(recipe)
    values["training"].pop("accumulate")
    recipe.write_text(dump_yaml(values))
    older = run_fit_sha256(Run(Path("run")), DataIndex.load(Path("run")).hash)
    for state in Path("run/checkpoints").glob("*/state.json"):
        values = json.loads(state.read_text())
        assert values["recipe_sha256"] != older
        state.write_text(json.dumps(values | {"recipe_sha256": older}))
    assert fit(None, resume=True).steps == {"base": 3, "siamese": 4}


def test_others_wait_long_for_the_main_process(fit, fitted, monkeypatch):
    """It reads the data, fits the codec and measures: torch's own patience is minutes."""
    asked = []

    def joined(device, patience=None):
        asked.append(patience)
        raise UsageError("enough")

    monkeypatch.setattr(module, "join_processes", joined)
    with pytest.raises(UsageError, match="enough"):
        fit(fitted.data)
    assert asked[0] >= timedelta(days=1)


@pytest.mark.parametrize(
    ("sets", "warned"),
    [
        (("siamese.hint_dropout=0", "sampling.guidance_scale=1.5"), True),
        (("siamese.hint_dropout=0",), False),
        (("sampling.guidance_scale=1.5",), False),
    ],
)
def test_guidance_that_augment_will_refuse_is_told_of_before_the_fit(fit, fitted, sets, warned):
    told = []
    fit(fitted.data, "base.steps=0", "siamese.steps=0", *sets, warn=told.append)
    found = [each for each in told if "sampling.guidance_scale=1.5 needs a fit with" in each]
    assert bool(found) == warned


def test_a_run_does_not_begin_among_other_files(fit, blobs):
    Path("run").mkdir()
    Path("run/thesis.tex").write_text("years of work")
    with pytest.raises(UsageError, match=r"run is not empty and holds no run \(for example thesis"):
        fit(blobs())
    assert [path.name for path in Path("run").iterdir()] == ["thesis.tex"]


# Beginning with fitted weights


def test_a_base_alone_makes_no_samples(fitted, recipe, medsynth, tmp_path):
    """Its ControlNet is new: images would not follow their masks, and nobody would be told."""
    run = tmp_path / "base"
    fit = ("fit", fitted.data, "--recipe", recipe, "--run", run, "--device", "cpu")
    said = medsynth(*fit, "--set", "siamese.steps=0")
    assert said.code == 0, said.err
    assert f"Next: medsynth fit DATA --init-from {run}" in said.out
    assert "augment" not in said.out
    assert f"next     medsynth fit DATA --init-from {run}" in medsynth("show", run).out
    said = medsynth("augment", "--n", 3, "--run", run)
    assert said.code == 2
    assert "without the Siamese phase (siamese.steps=0)" in said.err
    assert f"tip: Fit that phase too: medsynth fit DATA --init-from {run}" in said.err
    assert not (run / "samples").exists()
    given = tmp_path / "given"
    said = medsynth("convert", run, "--to", "shareable", "--out", given)
    assert said.code == 2
    assert "without the Siamese phase (siamese.steps=0)" in said.err
    assert not given.exists()


def test_beginning_with_fitted_weights(fit, fitted, blobs):
    """On other data, with the source's codec, for its weights know no other latents."""
    data = blobs("other", n=6, hw=(40, 48))
    result = fit(data, init_from=fitted.run)
    assert result.steps == {"base": 0, "siamese": 4}
    codec = "checkpoints/codec.safetensors"
    assert (Path("run") / codec).read_bytes() == (fitted.run / codec).read_bytes()
    first = load_file(Path("run/checkpoints/base-0000000/weights.safetensors"))
    theirs = load_file(fitted.run / "checkpoints/siamese-0000004/average.safetensors")
    assert all(np.array_equal(first[name], value) for name, value in theirs.items())
    assert json.loads(Path("run/run.json").read_text())["init_from"] == str(fitted.run)
    scratch = fit(data, "base.steps=0", run="scratch")
    assert newest("run").sha256 != newest(scratch.run).sha256


@pytest.mark.parametrize("lost", ["nothing", "since the first checkpoint", "every checkpoint"])
def test_a_fit_from_fitted_weights_resumes_with_them(fit, fitted, lost):
    sets = ("training.checkpoint_every=100",)
    fit(fitted.data, *sets, init_from=fitted.run, run="whole")
    with pytest.raises(InterruptedRunError):
        fit(fitted.data, *sets, init_from=fitted.run, report=Stopper(2))
    if lost != "nothing":
        shutil.rmtree("run/checkpoints/siamese-0000002")
    if lost == "every checkpoint":
        shutil.rmtree("run/checkpoints/base-0000000")
    fit(None, resume=True)
    assert newest("run").sha256 == newest("whole").sha256


@pytest.mark.parametrize(
    ("first", "then"), [("adc", "siamese"), ("siamese", "adc"), ("adc", "adc")]
)
def test_a_fit_may_begin_with_weights_of_another_objective(fit, fitted, first, then):
    """A teacher is not part of the model: it is left behind, or comes new."""
    source = fit(fitted.data, f"training.objective={first}", run="source").run
    for name in ("one", "two"):
        fit(fitted.data, f"training.objective={then}", init_from=source, run=name)
    assert newest("one").sha256 == newest("two").sha256
    names = load_file(Path("one/checkpoints/siamese-0000004/weights.safetensors"))
    assert any(name.startswith("teacher.") for name in names) == (then == "adc")


@pytest.mark.parametrize("sets", [("siamese.steps=0",), ()], ids=["base alone", "both phases"])
def test_what_comes_new_is_a_copy_of_the_encoder_as_it_is(fit, fitted, sets):
    """A teacher of random layers, or a ControlNet of a base that was gone on with, taught worse."""
    source = fit(fitted.data, *sets, run="source").run
    still = ("training.objective=adc", "siamese.steps=1", "siamese.learning_rate=1e-12")
    fit(fitted.data, *still, "base.steps=2", init_from=source)
    names = load_file(Path("run/checkpoints/siamese-0000001/weights.safetensors"))
    encoder = {n: t for n, t in names.items() if n.startswith("unet.down_blocks")}
    assert encoder
    for name, values in encoder.items():
        copies = ["teacher"] if sets == () else ["teacher", "controlnet"]
        for copy in copies:
            assert np.allclose(names[name.replace("unet", copy, 1)], values, atol=1e-9), copy


def test_beginning_with_weights_of_another_model_leaves_nothing(fit, fitted):
    for key in ("model.compact.hint_width=4", "model.schedule.shift=2.5"):
        with pytest.raises(InputError, match="fitted with another model or codec"):
            fit(fitted.data, key, init_from=fitted.run)
    with pytest.raises(UsageError, match="there is no run gone"):
        fit(fitted.data, init_from=Path("gone"))
    assert list(Path().iterdir()) == []


def test_beginning_on_images_with_other_channels_leaves_nothing(fit, fitted, blobs):
    with pytest.raises(InputError, match="not the codec of this recipe"):
        fit(blobs("grey", n=6, grey=True), init_from=fitted.run)
    assert not Path("run").exists()


# Damage


def test_a_codec_that_changed_is_not_used(own_run, fit):
    path = own_run / "checkpoints" / "codec.safetensors"
    values = load_file(path)
    values["mean"][0, 0] += 1
    save_file(values, path)
    with pytest.raises(InputError, match=r"codec\.safetensors is damaged or was changed"):
        augment(AugmentConfig(1, own_run), quiet)
    with pytest.raises(InputError, match=r"codec\.safetensors is damaged or was changed"):
        fit(None, run=own_run, resume=True)


def test_a_codec_left_by_another_fit_is_not_used(fit, fitted, blobs):
    """A fit on other data was killed before it became a run."""
    left = Path("run/checkpoints/codec.safetensors")
    left.parent.mkdir(parents=True)
    values = load_file(fitted.run / "checkpoints/codec.safetensors")
    save_file({name: value + 1 for name, value in values.items()}, left)
    fit(fitted.data)
    assert newest("run").sha256 == newest(fitted.run).sha256


# Kinds of data


def test_grey_images_stay_grey(fit, blobs):
    run = fit(blobs(grey=True)).run
    assert DataIndex.load(run).channels == 1
    augment(AugmentConfig(2, run), quiet)
    (sample, _) = SampleStore(run / "samples").samples()
    assert sample.image.shape == (32, 32, 1)
    assert read_png(run / "samples/images/s0000001.png").shape == (32, 32)


def test_instances_stay_apart(fit, blobs):
    run = fit(blobs(instances=True), "data.mask=instances").run
    assert DataIndex.load(run).has_instances
    augment(AugmentConfig(3, run), quiet)
    for sample in SampleStore(run / "samples").samples():
        ids = sample.mask.instances
        assert ids is not None
        assert sorted(np.unique(ids)) == [*range(ids.max() + 1)]
        assert ((ids > 0) == (sample.mask.labels > 0)).all()
        assert read_png(run / f"samples/instances/{sample.id}.png").dtype == np.uint16


def test_several_classes(fit, blobs):
    run = fit(blobs(classes=3), 'data.classes={1: "gland", 2: "vessel", 3: "nerve"}').run
    index = DataIndex.load(run)
    assert [c.name for c in index.classes] == ["background", "gland", "vessel", "nerve"]
    augment(AugmentConfig(6, run), quiet)
    seen = {int(v) for s in SampleStore(run / "samples") for v in np.unique(s.mask.labels)}
    assert seen == {0, 1, 2, 3}


def test_a_size_that_is_not_square(fit, blobs):
    data = blobs(hw=(36, 70))
    size = "data.size=[32,64]"
    with pytest.raises(UsageError, match="dihedral turns images by 90 degrees") as caught:
        fit(data, size)
    flips = caught.value.tip.split("--set ")[1].split(",")[0]
    assert flips == "training.augmentation=flips"
    run = fit(data, size, flips).run
    augment(AugmentConfig(2, run), quiet)
    for sample in SampleStore(run / "samples"):
        assert sample.image.shape == (32, 64, 3)
        assert sample.mask.labels.shape == (32, 64)


@pytest.mark.parametrize(
    ("size", "tip"), [("36", "[32,32]"), ("[32,21]", "[32,24]"), ("3", "[16,16]"), ("8", "[16,16]")]
)
def test_a_size_that_cannot_be_halved_is_refused_with_one_that_can(fit, fitted, size, tip):
    with pytest.raises(UsageError, match="is not a multiple of 8 from 16 on") as caught:
        fit(fitted.data, f"data.size={size}")
    nearest = caught.value.tip.removeprefix("Take --set ")
    assert nearest == f"data.size={tip}"
    assert not Path("run").exists()
    sets = ("training.augmentation=flips", "base.steps=1", "siamese.steps=1")
    assert fit(fitted.data, nearest, *sets).pairs == 10


def labelled(data, names):
    rows = [f"p{k:02d},{names[k % len(names)]}" for k in range(14)]
    (data / "scanner.csv").write_text("stem,scanner\n" + "\n".join(rows) + "\n")
    return data


def test_the_model_is_told_a_label_column(fit, blobs):
    data = labelled(blobs(), ["b", "a"])
    run = fit(data, "model.label_column=scanner").run
    assert json.loads((run / "run.json").read_text())["labels"] == ["a", "b"]
    weights = load_file(run / "checkpoints/siamese-0000004/weights.safetensors")
    assert weights["unet.class_embedding.weight"].shape[0] == 2
    augment(AugmentConfig(3, run), quiet)
    assert len(SampleStore(run / "samples")) == 3


@pytest.mark.parametrize(("column", "names"), [("kind", ["a", "b"]), ("scanner", ["a", ""])])
def test_a_label_column_that_does_not_label_every_pair(fit, blobs, column, names):
    data = labelled(blobs(), names)
    if "" in names:
        rows = [line for line in (data / "scanner.csv").read_text().splitlines() if line[-1] != ","]
        (data / "scanner.csv").write_text("\n".join(rows))
    with pytest.raises(InputError, match=f"the column '{column}'") as caught:
        fit(data, f"model.label_column={column}")
    assert "CSV" in caught.value.tip
    assert not Path("run").exists()


@pytest.mark.parametrize("codec", ["patches", "autoencoder"])
def test_codecs_that_are_fitted_first(fit, fitted, codec):
    values = f"{{name: {codec}, factor: 4, channels: 6, width: 8, blocks: 1, steps: 3}}"
    result = fit(fitted.data, f"model.codec={values}")
    again = fit(fitted.data, f"model.codec={values}", run="again")
    assert newest(result.run).sha256 == newest(again.run).sha256
    if codec == "patches":
        augment(AugmentConfig(1, result.run), quiet)
        assert len(SampleStore(result.run / "samples")) == 1


def test_few_pairs_are_told_and_problems_of_the_data_too(fit, fitted):
    told = []
    result = fit(fitted.data, "base.steps=1", "siamese.steps=1", warn=told.append)
    assert told[0].startswith("10 training pairs are few")
    assert list(result.warnings) == told


def test_without_validation_pairs_it_still_fits(fit, fitted):
    result = fit(fitted.data, "data.fractions=[1, 0, 0]")
    assert result.pairs == 14
    assert result.val_loss is None
    assert newest("run").best is None
    assert read_png(Path("run/grids/siamese-0000004.png")).shape == (100, 8 * 34 - 2, 3)
    assert augment(AugmentConfig(1, result.run), quiet).accepted == 1


def test_without_training_pairs_it_says_so(fit, blobs):
    data = blobs(n=4)
    (data / "split.csv").write_text("stem,split\n" + "\n".join(f"p{k:02d},test" for k in range(4)))
    with pytest.raises(InputError) as caught:
        fit(data)
    assert "train" in caught.value.what
    assert not Path("run").exists()


def test_the_best_checkpoint_of_a_fit_from_fitted_weights_is_a_siamese_one(fit, fitted):
    """The base's loss, which sees no hint, is no measure for it."""
    worse = ("siamese.learning_rate=1", "siamese.warmup_steps=0", "training.ema=0")
    often = ("training.checkpoint_every=1", "training.keep_checkpoints=9")
    fit(fitted.data, *worse, *often, init_from=fitted.run)
    first = Checkpoints(Path("run/checkpoints")).state("siamese-0000001")
    assert first.best == ("siamese-0000001", first.val_loss)


def test_weights_that_saw_what_is_now_test_are_told_of_and_their_exports_refused(
    fitted, recipe, tmp_path
):
    """Split otherwise than the run that it begins with: said at the fit, refused at the export."""
    from medsynth.data.trained_on import read_trained_on
    from medsynth.workflows.export.export import ExportConfig, export_run

    first = DataIndex.load(fitted.run)
    data = Path(shutil.copytree(fitted.data, tmp_path / "again"))
    was, now = first.split("train")[0].id, first.split("test")[0].id
    swapped = {was: "test", now: "train"}
    lines = [f"{item.id},{swapped.get(item.id, item.split)}\n" for item in first.items]
    (data / "split.csv").write_text("stem,split\n" + "".join(lines))
    warned = []
    config = FitConfig(data, str(recipe), Path("second"), init_from=fitted.run, device="cpu")
    second = run_fit(config, quiet, warned.append).run
    assert any("have learned from val or test here: 1 image (" in text for text in warned)
    trained = read_trained_on(second)
    assert {pair.run for pair in trained} == {"run", "second"}
    assert {pair.id for pair in trained if pair.run == "run"} == {
        i.id for i in first.split("train")
    }
    augment(AugmentConfig(1, second, device="cpu"), quiet)
    with pytest.raises(InputError) as caught:
        export_run(ExportConfig("folder", second), quiet)
    assert f"<- weights of run <- image {was}, which is {was} (test)" in caught.value.what
    third = FitConfig(fitted.data, str(recipe), Path("third"), init_from=second, device="cpu")
    assert {pair.run for pair in read_trained_on(run_fit(third, quiet).run)} == {
        "run", "second", "third",
    }  # fmt: skip


@pytest.mark.parametrize(("least", "told"), [("siamese-0000002", True), ("siamese-0000004", False)])
def test_the_least_validation_loss_is_told_where_it_was_not_the_last(least, told, capfd):
    from medsynth.cli.fit import show_result

    best = (least, 0.4 if told else 0.5)
    show_result(FitResult(Path("run"), 3, {"base": 3, "siamese": 4}, 1.0, 0.5, best=best))
    said = capfd.readouterr().out
    assert "Validation loss of the mask branch: 0.5000" in said
    assert ("Least at siamese-0000002: 0.4000. Samples take these weights where" in said) == told


def test_a_phase_that_ended_early_is_told_of(fitted, recipe, medsynth, tmp_path):
    run = tmp_path / "early"
    options = (
        "training.checkpoint_every=1", "training.ema=0",
        "base={steps: 9, warmup_steps: 0, learning_rate: 3.0e-4, patience: 1}",
        "siamese={steps: 9, warmup_steps: 0, learning_rate: 1, patience: 1, hint_dropout: 0.2}",
    )  # fmt: skip
    sets = [part for each in options for part in ("--set", each)]
    fit = ("fit", fitted.data, "--recipe", recipe, "--run", run, "--device", "cpu", *sets)
    said = medsynth(*fit)
    assert said.code == 0, said.err
    taken = {each.phase: each.step for each in Checkpoints(run / "checkpoints").states()}
    assert 2 <= taken["siamese"] < 9
    assert f"{taken['base']} base + {taken['siamese']} siamese steps" in said.out
    assert "siamese ended before its planned steps" in said.out
    assert ("base ended before" in said.out) == (taken["base"] < 9)
    shown = medsynth("show", run).out
    assert f"siamese {taken['siamese']} of 9 (ended early)" in shown
    assert "next     medsynth augment" in shown
    assert medsynth("augment", "--n", 2, "--run", run, "--device", "cpu").code == 0
    assert medsynth("fit", "--resume", "--run", run, "--device", "cpu").code == 0
