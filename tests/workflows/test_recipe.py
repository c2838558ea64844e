"""Recipes: every one of them is good, and mistakes in one's own are told with a hint."""

import json

import pytest

from medsynth.core.errors import InputError, UsageError
from medsynth.core.options import walk_fields
from medsynth.io.hashing import hash_json
from medsynth.io.runs import Run
from medsynth.io.yaml import dump_yaml
from medsynth.workflows.model import check_geometry
from medsynth.workflows.recipe import (
    BOOKKEEPING,
    FIT_PARTS,
    Recipe,
    load_recipe,
    read_run_recipe,
    recipe_names,
    recipe_path,
    run_fit_sha256,
    write_run_recipe,
)
from medsynth.workflows.recipe_text import commented_recipe

NAMES = recipe_names()


def test_there_are_recipes_and_a_default_among_them():
    assert "compact" in NAMES
    assert load_recipe(None) == load_recipe("compact")


@pytest.mark.parametrize("name", NAMES)
def test_every_recipe_loads_and_opens_with_how_to_run_it(name):
    recipe = load_recipe(name)
    if recipe.model.backbone == "compact":
        check_geometry(recipe)
    else:  # whose unit is that of a base model: 64 pixels for Stable Diffusion
        assert [side % 64 for side in recipe.data.size_hw] == [0, 0]
    head = [line for line in recipe_path(name).read_text("utf-8").splitlines() if line[:1] == "#"]
    assert len(head[0]) > 20
    assert any("medsynth fit " in line or "medsynth demo" in line for line in head)


@pytest.mark.parametrize("name", NAMES)
def test_a_full_recipe_is_the_same_recipe(name, tmp_path):
    recipe = load_recipe(name)
    text = commented_recipe(recipe)
    (tmp_path / "full.yaml").write_text(text)
    assert load_recipe(str(tmp_path / "full.yaml")) == recipe
    unset = "masks.balance."  # None by default
    wanted = [key for key, _ in walk_fields(Recipe) if not key.startswith(unset)]
    keys = {key.rsplit(".", 1)[-1] for key in wanted}
    said = {line.strip().split(":")[0] for line in text.splitlines() if ":" in line}
    assert keys <= said
    assert text.count("#") >= len(wanted)


def test_the_recipe_of_a_run_comes_back_and_its_hash_too(tmp_path):
    recipe = load_recipe("compact", ["base.learning_rate=1e-5", "data.window=[1, 99]"])
    assert recipe.base.learning_rate == 1e-5
    run = Run(tmp_path)
    write_run_recipe(run, recipe)
    assert read_run_recipe(run) == recipe
    assert run_fit_sha256(run, "i") == recipe.fit_sha256("i")
    assert run_fit_sha256(run, "other") != recipe.fit_sha256("i")


@pytest.mark.parametrize(
    "key", ["seed=5", "siamese.steps=9", "model.codec.factor=4", "training.ema=0"]
)
def test_what_weights_depend_on_is_in_the_hash(key):
    assert load_recipe(None, [key]).fit_sha256("i") != load_recipe(None).fit_sha256("i")


@pytest.mark.parametrize(
    "key",
    [*(f"training.{name}=3" for name in BOOKKEEPING), "sampling.steps=3", "masks.max_redraws=1"],
)
def test_what_weights_do_not_depend_on_is_not(key):
    recipe = load_recipe(None, [key])
    assert recipe != load_recipe(None)
    assert recipe.fit_sha256("i") == load_recipe(None).fit_sha256("i")


CHOICES = ("base.patience=3", "siamese.patience=3", "training.base_weights=best")
NO_CHOICE = ("base.patience=0", "training.base_weights=last")


@pytest.mark.parametrize("choice", [None, *CHOICES])
def test_checkpoints_are_in_the_hash_where_weights_are_chosen_among_them(choice):
    sets = [*NO_CHOICE, *([choice] if choice else [])]
    often, seldom = (
        load_recipe(None, [*sets, f"training.checkpoint_every={n}"]).fit_sha256("i") for n in (2, 3)
    )
    assert (often != seldom) == bool(choice)


def test_a_run_of_a_version_that_did_not_hash_that_is_still_its_own(tmp_path):
    run, recipe = Run(tmp_path), load_recipe(None, ["base.patience=3"])
    write_run_recipe(run, recipe)
    assert run_fit_sha256(run, "i") == recipe.fit_sha256("i")
    values = recipe.model_dump(mode="json")
    left_out = (*BOOKKEEPING, "checkpoint_every")
    training = {k: v for k, v in values["training"].items() if k not in left_out}
    older = hash_json([{key: values[key] for key in FIT_PARTS}, training, "i"])
    assert older != recipe.fit_sha256("i")
    for name, text in (
        ("base-0000002", json.dumps({"recipe_sha256": older})),
        ("base-0000004", "torn"),
        ("base-0000006", "[]"),
    ):
        (run.checkpoints / name).mkdir(parents=True)
        (run.checkpoints / name / "state.json").write_text(text)
    assert run_fit_sha256(run, "i") == older
    assert run_fit_sha256(run, "other") not in (older, recipe.fit_sha256("i"))


def test_an_option_that_a_later_version_adds_does_not_disown_a_run(tmp_path):
    """The hash is of what was written at the fit, whatever defaults have come since."""
    run = Run(tmp_path)
    recipe = load_recipe(None)
    values = recipe.model_dump(mode="json")
    del values["model"]["schedule"]["shift"]  # as an older version wrote it
    run.recipe.write_text(dump_yaml(values))
    assert read_run_recipe(run) == recipe
    parts = {key: values[key] for key in FIT_PARTS}
    training = {k: v for k, v in values["training"].items() if k not in BOOKKEEPING}
    assert run_fit_sha256(run, "i") == hash_json([parts, training, "i"])
    assert run_fit_sha256(run, "i") != recipe.fit_sha256("i")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("trainin: {batch: 3}", r"unknown key 'trainin': did you mean 'training'\?"),
        ("siamese: {step: 3}", r"unknown key 'siamese\.step': did you mean 'steps'\?"),
        ("masks: {policy: [{op: flipp}]}", r"did you mean 'flip'\?"),
        ("masks: {policy: [{op: flip, opts: {}}]}", r"did you mean 'op"),
        (
            "model: {backbone: sd15}",
            r"model\.backbone: unknown backbone 'sd15': known: compact, stable-diffusion",
        ),
        ("data: {fit: squeeze}", r"data\.fit: input should be 'crop', 'letterbox' or 'stretch'"),
        ("base: {steps: -1}", r"base\.steps: input should be greater than or equal to 0"),
        (
            "data: {fractions: [0.5, 0.4, 0.4]}",
            r"data\.fractions: needs three shares that sum to 1",
        ),
        ("- a\n- b", "is not a mapping"),
        ("just text", "is not a mapping"),
        ("base: [", "is not valid YAML"),
        ("base: {steps: 1}\nbase: {steps: 2}", "'base' comes twice"),
    ],
)
def test_mistakes(tmp_path, text, message):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(UsageError, match=message) as caught:
        load_recipe(str(path))
    assert "mine.yaml" in caught.value.what


def test_all_mistakes_are_told_at_once(tmp_path):
    (tmp_path / "mine.yaml").write_text("sed: 1\ndata: {size: x}\nbase: {steps: -1}\n")
    with pytest.raises(UsageError) as caught:
        load_recipe(str(tmp_path / "mine.yaml"))
    assert all(part in caught.value.what for part in ("'sed'", "data.size", "base.steps"))


def test_an_empty_recipe_is_all_defaults(tmp_path):
    (tmp_path / "mine.yaml").write_text("# nothing yet\n")
    assert load_recipe(str(tmp_path / "mine.yaml")) == Recipe()


def test_recipes_that_are_not_there(tmp_path):
    with pytest.raises(
        UsageError, match="unknown recipe 'compct': did you mean 'compact'"
    ) as error:
        load_recipe("compct")
    assert "medsynth recipes ls" in error.value.tip
    with pytest.raises(UsageError, match="there is no recipe file"):
        load_recipe(str(tmp_path / "gone.yaml"))
    (tmp_path / "latin.yaml").write_bytes("# ü".encode("latin-1"))
    with pytest.raises(InputError, match="cannot be read"):
        load_recipe(str(tmp_path / "latin.yaml"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("data.size", "it takes key=value"),
        ("=3", "it takes key=value"),
        ("", "it takes key=value"),
        ("data.sise=3", r"unknown key 'data\.sise': did you mean 'size'"),
        ("dat.size=3", "unknown key 'dat': did you mean 'data'"),
        ("seed.size=3", "seed holds a value, no keys|seed: input should be a valid integer"),
        ("data=3", "data: input should be a valid dictionary"),
        ("..=3", "unknown key"),
        ("data.size=[1", "is not valid YAML"),
        ("data.size=", "data.size: input should be a valid integer"),
    ],
)
def test_mistakes_of_set(text, message):
    with pytest.raises(UsageError, match=message):
        load_recipe(None, [text])


def test_set_takes_yaml_and_the_last_one_wins():
    recipe = load_recipe(
        None, ["data.size=[64, 96]", "data.where={kind: stain}", "base.steps=3", "base.steps=4"]
    )
    assert recipe.data.size_hw == (64, 96)
    assert recipe.data.where == {"kind": "stain"}
    assert recipe.base.steps == 4
    assert load_recipe(None, ["data.images=a=b"]).data.images == "a=b"
