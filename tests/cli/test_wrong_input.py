"""Mistakes: a clear sentence, a hint, the right exit code, and nothing half-written."""

import json
import shutil

import pytest
from PIL import Image

USAGE, INPUT = 2, 3


@pytest.fixture
def refused(medsynth, tmp_path):
    """Run a command that must fail so, and leave everything as it was; return what it said."""

    def tree():
        found = [p for p in sorted(tmp_path.rglob("*")) if p.name != ".lock"]
        return {
            p.relative_to(tmp_path).as_posix(): p.read_bytes() if p.is_file() else None
            for p in found
            if p not in (tmp_path / "runs", tmp_path / "runs" / "latest")
        }

    def refused(code, *arguments):
        before = tree()
        said = medsynth(*arguments)
        assert said.code == code, said.err
        assert said.out == ""
        assert "Traceback" not in said.err
        assert not (tmp_path / "runs").exists() or list((tmp_path / "runs").iterdir())
        after = tree()
        assert after.keys() == before.keys()
        assert [name for name in after if after[name] != before[name]] == []
        errors = [line for line in said.err.splitlines() if line.startswith("error: ")]
        assert len(errors) == 1 or "Usage:" in said.err
        return said.err

    return refused


@pytest.fixture
def pairs(blobs, recipe):
    """Return arguments to fit on drawn data."""

    def pairs(**drawn):
        data = blobs(**drawn)
        return data, ("fit", data, "--recipe", recipe)

    return pairs


# Data


@pytest.mark.parametrize("verb", ["doctor", "fit"])
def test_a_folder_that_is_not_there(refused, verb):
    said = refused(INPUT, verb, "nowhere")
    assert "nowhere" in said
    assert "tip: " in said


@pytest.mark.parametrize("verb", ["doctor", "fit"])
def test_an_empty_folder(refused, tmp_path, verb):
    (tmp_path / "empty").mkdir()
    said = refused(INPUT, verb, "empty")
    assert "empty" in said
    assert "tip: " in said


@pytest.mark.parametrize("verb", ["doctor", "fit"])
def test_a_file_in_place_of_a_folder(refused, tmp_path, verb):
    (tmp_path / "data.zip").write_text("x")
    assert "data.zip" in refused(INPUT, verb, "data.zip")


@pytest.mark.parametrize("verb", ["doctor", "fit"])
def test_images_without_masks(refused, blobs, verb):
    data = blobs()
    shutil.rmtree(data / "masks")
    said = refused(INPUT, verb, data)
    assert "14 pictures" in said
    assert "no image with a mask" in said
    assert "images/ and masks/" in said


def test_one_pair(refused, pairs):
    _, fit = pairs(n=1)
    said = refused(INPUT, *fit)
    assert "only one usable pair" in said
    assert "at least two pairs" in said


def test_masks_that_are_all_empty(refused, pairs):
    data, fit = pairs(n=6)
    for path in data.glob("masks/*"):
        Image.new("L", (32, 32)).save(path)
    said = refused(INPUT, *fit)
    assert "all masks are empty (6: " in said
    assert "data.mask" in said


def test_images_of_eleven_sizes_are_no_mistake(medsynth, pairs):
    sizes = tuple((24 + 3 * k, 60 - 2 * k) for k in range(11))
    data, fit = pairs(n=22, sizes=sizes)
    found = json.loads(medsynth("doctor", data, "--quick", "--json", "--set", "data.size=32").out)
    assert found["pairs"] == 22
    said = medsynth(*fit, "--set", "siamese.steps=1", "--set", "base.steps=1", "--json")
    assert said.code == 0
    assert json.loads(said.out)["pairs"] == found["splits"]["train"]


def test_pairs_that_do_not_fit_together_are_told_at_once(refused, pairs):
    data, fit = pairs(n=8)
    Image.new("L", (16, 16)).save(data / "masks" / "p00.png")
    (data / "masks" / "p01.png").unlink()
    (data / "images" / "p02.png").unlink()
    (data / "images" / "p03.png").write_bytes(b"")
    cut = data / "images" / "p04.png"
    cut.write_bytes(cut.read_bytes()[:60])
    (data / "masks" / "p05.png").write_text("no picture")
    said = refused(INPUT, *fit)
    for name in ("p00", "p01", "p02", "p03", "p04", "p05"):
        assert name in said
    assert "32x32 but masks/p00.png is 16x16" in said
    assert "data.on_mismatch=skip" in said
    assert "medsynth doctor" in said


def test_skipping_bad_pairs_leaves_the_good_ones(medsynth, pairs):
    data, fit = pairs(n=8)
    (data / "masks" / "p01.png").unlink()
    sets = ("--set", "data.on_mismatch=skip", "--set", "base.steps=1", "--steps", 1)
    assert medsynth(*fit, *sets).code == 0


def test_a_class_that_no_mask_has(refused, pairs):
    _, fit = pairs(n=6, classes=2)
    said = refused(INPUT, *fit, "--set", "data.classes={1: gland, 2: vessel, 5: nerve}")
    assert "nerve (value 5)" in said
    assert "masks hold the values 0, 1, 2" in said


def test_a_split_file_that_leaves_one_pair(refused, pairs):
    data, fit = pairs(n=6)
    (data / "split.csv").write_text("stem,split\np00,train\np99,test\n")
    assert "only one usable pair" in refused(INPUT, *fit)
    (data / "split.csv").write_text("stem,split\np00,trian\np01,test\n")
    said = refused(INPUT, *fit)
    assert "trian" in said


def test_options_of_data_that_match_nothing(refused, pairs):
    data, fit = pairs(n=6)
    (data / "kinds.csv").write_text("stem,kind\n" + "\n".join(f"p{k:02d},a" for k in range(6)))
    assert "no pair has kind=b" in refused(INPUT, *fit, "--set", "data.where={kind: b}")
    assert "did you mean 'kind'" in refused(INPUT, *fit, "--set", "data.where={kid: a}")
    assert "data.images" in refused(USAGE, *fit, "--set", "data.images=images")
    assert "unknown" in refused(USAGE, *fit, "--set", "data.reader=dicom")


# Recipes and options


def test_a_misspelt_key(refused, pairs, tmp_path):
    data, _ = pairs(n=6)
    (tmp_path / "mine.yaml").write_text("siamese: {step: 3}\ntrainin: {batch: 2}\n")
    said = refused(USAGE, "fit", data, "--recipe", "mine.yaml")
    assert "unknown key 'siamese.step': did you mean 'steps'?" in said
    assert "unknown key 'trainin': did you mean 'training'?" in said
    assert "mine.yaml" in refused(USAGE, "recipes", "check", "mine.yaml")
    assert "did you mean 'steps'" in refused(USAGE, "fit", data, "--set", "base.stpes=3")
    assert "did you mean 'compact'" in refused(USAGE, "fit", data, "--recipe", "compat")
    assert "mine.yml" in refused(USAGE, "fit", data, "--recipe", "mine.yml")


@pytest.mark.parametrize(
    ("sets", "said"),
    [
        ("model.codec.name=hare", "unknown codec 'hare': did you mean 'haar'"),
        ("model.codec.factor=3", "power of two"),
        ("model.compact.channels=[10, 20]", "multiple of 8"),
        ("model.compact.channels=[]", "model.compact.channels"),
        ("model.codec={name: taef2, factor: 8}", "needs weights"),
        ("data.size=33", "is not a multiple of 8"),
        ("data.size=64x64", "or input should be a list such as [128, 128] (got '64x64')"),
        ("size=64", "unknown key 'size': did you mean 'data.size'?"),
        ("data.size=[32, 64]", "training.augmentation=flips"),
        ("masks.policy=[{op: flp}]", "did you mean 'flip'"),
        ("siamese.learning_rate=-1", "siamese.learning_rate"),
        ("siamese.steps=many", "siamese.steps"),
        ("model.schedule.shift=0", "model.schedule.shift"),
        ("data.size", "key=value"),
    ],
)
def test_values_that_cannot_be(refused, pairs, sets, said):
    _, fit = pairs(n=6)
    assert said in refused(USAGE, *fit, "--set", sets)
    assert said in refused(USAGE, *fit, "--set", sets, "--dry-run")


def test_a_device_that_is_not_there(refused, pairs, own_run):
    _, fit = pairs(n=6)
    for verb in (
        fit,
        ("augment", "--n", 1, "--run", own_run),
        ("fit", "--resume", "--run", own_run),
    ):
        said = refused(USAGE, *verb, "--device", "cuda:7")
        assert "the device 'cuda:7' is not there" in said
        assert "This machine has: " in said
    assert "'gpu' is not there" in refused(USAGE, *fit, "--device", "gpu", "--dry-run")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Usage"),
        (("fti",), "No such command 'fti'"),
        (("fit",), "needs a folder of data"),
        (("fit", "data", "--steps", "x"), "'--steps'"),
        (("fit", "data", "--max-minutes", "0"), "0"),
        (("fit", "data", "--stpes", "3"), "--stpes"),
        (("fit", "data", "--steps", "3", "--max-minutes", "1"), "both decide"),
        (("augment",), "--n"),
        (("augment", "--n", "0"), "at least 1"),
        (("augment", "--n", "-3"), "at least 1"),
        (("augment", "--n", "3", "--ray-address", "here:1"), "goes with --engine ray"),
        (("show", "--worst", "5"), "goes with --sheet"),
        (("show", "--out", "pages"), "goes with --sheet"),
        (("export",), "--format"),
        (("doctor",), "argument 'data'"),
        (("recipes", "shw"), "shw"),
    ],
)
def test_commands_that_are_typed_wrong(medsynth, tmp_path, arguments, said):
    found = medsynth(*arguments)
    assert found.code == USAGE
    assert said.lower() in (found.out + found.err).lower()  # some Typers shout names
    assert "Traceback" not in found.err
    assert list(tmp_path.iterdir()) == []


# One command before another


def test_augment_before_fit(refused, tmp_path):
    said = refused(USAGE, "augment", "--n", 5)
    assert "there is no run yet" in said
    assert "tip: Fit one first: medsynth fit DATA" in said
    (tmp_path / "folder").mkdir()
    assert "is not a medsynth run" in refused(USAGE, "augment", "--n", 5, "--run", "folder")


@pytest.mark.parametrize("left", [[], ["base-0000003"], ["base-0000003", "siamese-0000002"]])
def test_augment_of_a_fit_that_is_not_finished(refused, own_run, left):
    for path in own_run.glob("checkpoints/*-*"):
        if path.is_dir() and path.name not in left:
            shutil.rmtree(path)
    said = refused(USAGE, "augment", "--n", 5, "--run", own_run)
    at = left[-1].replace("-000000", " step ") if left else "not begun"
    assert f"is not finished ({'at ' if left else ''}{at})" in said
    assert f"medsynth fit --resume --run {own_run}" in said


def test_export_before_fit_and_before_augment(refused, own_run):
    assert "Fit one first" in refused(USAGE, "export", "--format", "coco")
    said = refused(USAGE, "export", "--format", "coco", "--run", own_run)
    assert "holds no synthetic samples yet" in said
    assert "medsynth augment --n 100" in said


def test_an_unknown_format_lists_them(refused, own_augmented):
    said = refused(USAGE, "export", "--format", "coc", "--run", own_augmented)
    assert "unknown export format 'coc': did you mean 'coco'" in said
    for name in ("coco", "folder", "hdf5"):
        assert f"  {name}: " in said


@pytest.mark.parametrize("other", ["data.size=64", "seed=5", "base.steps=9"])
def test_an_export_heeds_its_own_options_alone(refused, own_augmented, other):
    said = refused(USAGE, "export", "--format", "coco", "--run", own_augmented, "--set", other)
    assert f"--set {other}: export can set export.* only" in said


def test_an_import_of_nothing(refused):
    assert "none.pth is not a file" in refused(INPUT, "import", "none.pth", "--run", "new")


def test_reasons_are_given_for_a_fit_alone(refused, tmp_path):
    (tmp_path / "empty").mkdir()
    for dry in ((), ("--dry-run",)):
        assert "auto:" not in refused(INPUT, "fit", "empty", *dry)


def test_exports_do_not_overwrite(refused, own_augmented, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    (tmp_path / "file").write_text("x")
    export = ("export", "--format", "folder", "--run", own_augmented)
    for more in ((), ("--overwrite",)):
        said = refused(USAGE, *export, "--out", "mine", *more)
        assert "was not written by medsynth export, so it is left alone" in said
    assert "is a file" in refused(USAGE, *export, "--out", "file")


def test_runs_that_are_not_there(refused, tmp_path, own_run):
    assert "gone" in refused(USAGE, "show", "gone")
    assert "there is no run yet" in refused(USAGE, "show")
    assert "gone" in refused(USAGE, "fit", "--resume", "--run", "gone")
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "latest").write_text("/nowhere/at/all\n")
    assert "names /nowhere/at/all, which is gone" in refused(USAGE, "show")


def test_a_folder_of_runs_names_them(refused, tmp_path, own_run):
    assert "error: there is no run gone: no such folder." in refused(USAGE, "show", "gone")
    (tmp_path / "mine").mkdir()
    own_run.rename(tmp_path / "mine" / "b-1")
    shutil.copytree(tmp_path / "mine" / "b-1", tmp_path / "mine" / "a-1")
    (tmp_path / "mine" / "notes").mkdir()
    said = refused(USAGE, "show", "mine")
    assert "error: mine is a folder of runs, not a run: a-1, b-1." in said
    assert "tip: Name one of them, for example mine/a-1" in said
    assert "mine/notes is not a medsynth run" in refused(USAGE, "show", "mine/notes")


@pytest.mark.parametrize("to", ["diffusers", "ldm"])
def test_a_run_from_scratch_can_still_be_given_away(refused, fitted, to):
    out = "x.ckpt" if to == "ldm" else "x"
    said = refused(USAGE, "convert", fitted.run, "--to", to, "--out", out)
    assert "can be converted to diffusers or ldm" in said
    assert "--to shareable" in said


def test_a_fit_into_a_run_or_a_file(refused, pairs, own_run, tmp_path):
    _, fit = pairs(n=6)
    assert f"--resume --run {own_run}" in refused(USAGE, *fit, "--run", own_run)
    (tmp_path / "notes").write_text("x")
    assert "is a file" in refused(USAGE, *fit, "--run", "notes")
    assert "is a file" in refused(USAGE, *fit, "--run", "notes/below")


def test_recipes_are_not_overwritten(refused, tmp_path):
    (tmp_path / "mine.yaml").write_text("# mine\n")
    assert "exists already" in refused(USAGE, "recipes", "copy", "compact", "mine.yaml")
    assert "must end in .yaml" in refused(USAGE, "recipes", "copy", "compact", "mine.txt")


# Damage


@pytest.mark.parametrize("part", ["weights", "average"])
def test_a_checkpoint_that_is_truncated(refused, own_run, part):
    path = own_run / "checkpoints" / "siamese-0000004" / f"{part}.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    said = refused(INPUT, "augment", "--n", 5, "--run", own_run)
    assert f"{path} is damaged or was changed" in said
    assert "go on from an earlier checkpoint" in said


def test_every_checkpoint_truncated(refused, own_run):
    for path in own_run.glob("checkpoints/*/weights.safetensors"):
        path.write_bytes(path.read_bytes()[:1000])
    assert "is damaged" in refused(INPUT, "fit", "--resume", "--run", own_run)
    assert "is damaged" in refused(INPUT, "augment", "--n", 5, "--run", own_run)


def test_a_checkpoint_from_another_recipe(refused, medsynth, own_run, fitted, recipe, tmp_path):
    """Of equal sizes, so that its weights would go in without a word."""
    for k, sets in enumerate(["seed=8", "model.compact.hint_width=4"]):
        medsynth("fit", fitted.data, "--recipe", recipe, "--set", sets, "--run", f"other-{k}")
        shutil.rmtree(own_run / "checkpoints")
        shutil.copytree(tmp_path / f"other-{k}" / "checkpoints", own_run / "checkpoints")
        said = refused(INPUT, "augment", "--n", 5, "--run", own_run)
        assert "siamese-0000004" in said
        assert "is from another recipe or other data" in said
        said = refused(INPUT, "fit", "--resume", "--run", own_run)
        assert "another recipe" in said or "codec.safetensors" in said


@pytest.mark.parametrize("name", ["index.json", "items.jsonl", "run.json", "recipe.yaml"])
@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_a_damaged_run(refused, own_run, name, text):
    (own_run / name).write_text(text)
    for verb in (("augment", "--n", 5, "--run", own_run), ("fit", "--resume", "--run", own_run)):
        if (name, text) == ("recipe.yaml", ""):
            refused(INPUT, *verb)  # an empty recipe is all defaults: another recipe
        else:
            said = refused(USAGE if name == "recipe.yaml" else INPUT, *verb)
            assert name in said or "index" in said


def test_a_damaged_manifest_and_plan(refused, own_augmented):
    for name, line in (("samples/manifest.jsonl", 2), ("plan.jsonl", 7)):  # of what is made next
        path = own_augmented / name
        whole = path.read_text()
        lines = whole.splitlines()
        lines[line - 1] = lines[line - 1][:40]
        path.write_text("\n".join(lines) + "\n")
        said = refused(INPUT, "augment", "--n", 9, "--run", own_augmented)
        assert f"{path}, line {line} is damaged" in said
        path.write_text(whole)


def test_data_that_is_gone_or_changed_since_the_fit(refused, medsynth, pairs, tmp_path):
    data, fit = pairs(n=6)
    assert medsynth(*fit, "--run", "r").code == 0
    data.rename(tmp_path / "moved")
    said = refused(INPUT, "augment", "--n", 2, "--run", "r")
    assert "cannot be read" in said
    assert "put it back, or fit again" in said
