"""auto: what is chosen, and that it says why."""

from pathlib import Path

import pytest

from medsynth.api import as_sets
from medsynth.core.errors import UsageError
from medsynth.model.mobilenet import INSTALL
from medsynth.workflows.choice import GIB, Machine, best_size, choose, chosen, shorter_side_px
from medsynth.workflows.fit.config import FitConfig
from medsynth.workflows.recipe import load_recipe
from tests.mobilenet_wheel import hide_wheel, install_wheel

CPU = Machine("cpu")


@pytest.mark.parametrize(
    ("machine", "recipe", "sets"),
    [
        (CPU, "compact", ("data.size=128",)),
        (
            Machine("cpu", bf16=True),
            "compact",
            ("data.size=128", "training.precision=bf16", "sampling.precision=bf16"),
        ),
        (Machine("mps"), "compact", ("data.size=128",)),
        (
            Machine("cpu", imagenet=True),
            "compact",
            (
                "data.size=128",
                "gates.segmenter.network=mobilenet-unet",
                "prove.networks=[mobilenet-unet]",
            ),
        ),
        (
            Machine("cuda", 12 * GIB, "/sd", imagenet=True),
            "sd15-12gb",
            (
                'model.stable_diffusion.base="/sd"',
                "gates.segmenter.network=mobilenet-unet",
                "prove.networks=[mobilenet-unet]",
            ),
        ),
        (
            Machine("cpu", taef2="/w.safetensors"),
            "compact",
            ("data.size=128", "model.codec.name=taef2", 'model.codec.weights="/w.safetensors"'),
        ),
        (Machine("cpu", stable_diffusion="/sd"), "compact", ("data.size=128",)),
        (Machine("cuda", 6 * GIB, "/sd"), "compact", ("data.size=128",)),
        (Machine("cuda", 12 * GIB, "/sd"), "sd15-12gb", ('model.stable_diffusion.base="/sd"',)),
        (Machine("cuda", 24 * GIB, "/sd"), "sd15-24gb", ('model.stable_diffusion.base="/sd"',)),
        (Machine("cuda", 80 * GIB), "compact", ("data.size=128",)),
    ],
)
def test_choices_load_and_give_reasons(machine, recipe, sets):
    found = choose(machine, 500)
    assert (found.recipe, found.sets) == (recipe, sets)
    assert found.reasons[0].startswith(f"recipe {recipe}: ")
    assert load_recipe(found.recipe, found.sets).model.backbone in ("compact", "stable-diffusion")


def test_a_large_gpu_without_a_model_is_told_what_it_could_do():
    assert any(
        "MEDSYNTH_SD_BASE" in reason for reason in choose(Machine("cuda", 24 * GIB), 9).reasons
    )
    assert not any("MEDSYNTH_SD_BASE" in reason for reason in choose(CPU, 9).reasons)
    assert any("TAEF2" in reason for reason in choose(CPU, 9).reasons)


@pytest.mark.parametrize(("side", "size"), [(None, 128), (40, 64), (95, 64), (96, 96), (999, 128)])
def test_the_size_follows_the_images(side, size):
    assert best_size(side)[0] == size


def test_a_path_may_hold_what_yaml_reads_otherwise():
    weights = "/our models: 2 #new/taef2.safetensors"
    found = choose(Machine("cpu", taef2=weights), 99)
    assert load_recipe(found.recipe, found.sets).model.codec.weights == weights


def test_images_are_looked_at_where_options_say_they_are(blobs, tmp_path):
    for name, hw in (("small", (70, 90)), ("large", (200, 240))):
        blobs(hw=hw).rename(tmp_path / name)
    for name in ("small", "large"):
        options = {"data.images": Path(name, "images"), "data.masks": Path(name, "masks")}
        assert shorter_side_px(tmp_path, as_sets(options)) == {"small": 70, "large": 200}[name]
    assert shorter_side_px(tmp_path, ("data",)) is None


def test_images_are_looked_at_and_what_the_user_sets_wins(blobs, monkeypatch):
    monkeypatch.delenv("MEDSYNTH_TAEF2", raising=False)
    data = blobs(hw=(100, 140))
    assert shorter_side_px(data, ()) == 100
    config, told = chosen(FitConfig(data, sets=("data.size=32",), device="cpu"))
    assert config.recipe == "compact"
    assert load_recipe(config.recipe, config.sets).data.size == 32
    assert any("shorter side is 100" in text for text in told)


def test_pretrained_weights_are_found_by_their_variable(blobs, monkeypatch, tmp_path):
    there = tmp_path / "taef2.safetensors"
    there.write_bytes(b"weights")
    data = blobs()
    for weights in (str(there), "madebyollin/taef2"):
        monkeypatch.setenv("MEDSYNTH_TAEF2", weights)
        config, _ = chosen(FitConfig(data, device="cpu"))
        codec = load_recipe(config.recipe, config.sets).model.codec
        assert (codec.name, codec.weights) == ("taef2", weights)


@pytest.mark.parametrize("name", ["/gone/taef2.safetensors", "gone/taef2.safetensors", "gone"])
def test_a_variable_that_names_no_file_is_told_by_its_name(blobs, monkeypatch, name):
    monkeypatch.setenv("MEDSYNTH_TAEF2", name)
    data = blobs()
    with pytest.raises(UsageError, match=f"MEDSYNTH_TAEF2 names {name}, and there is no") as caught:
        chosen(FitConfig(data, device="cpu"))
    assert "unset MEDSYNTH_TAEF2" in caught.value.tip
    for sets in (("model.codec.name=patches",), ("model.codec={name: haar, factor: 4}",)):
        assert chosen(FitConfig(data, sets=sets, device="cpu"))[0].recipe == "compact"
    assert chosen(FitConfig(data, "compact", device="cpu"))[0].recipe == "compact"


def test_what_is_wrong_is_told_of_the_recipe_that_the_user_knows(blobs):
    config = FitConfig(blobs(), sets=("data.sise=64",), device="cpu")
    with pytest.raises(UsageError, match=r"^recipe auto \(here compact\) with --set: unknown key"):
        chosen(config)


def test_segmenters_that_have_learned_judge_where_their_weights_are_installed(
    blobs, monkeypatch, tmp_path
):
    hide_wheel(monkeypatch)
    config, told = chosen(FitConfig(blobs(), device="cpu"))
    assert load_recipe(config.recipe, config.sets).gates.segmenter.network == "unet"
    assert any(INSTALL in text for text in told)
    monkeypatch.undo()
    install_wheel(tmp_path / "site", b"weights")
    monkeypatch.syspath_prepend(tmp_path / "site")
    config, _ = chosen(FitConfig(blobs(), device="cpu"))
    recipe = load_recipe(config.recipe, config.sets)
    assert (recipe.gates.segmenter.network, *recipe.prove.networks) == ("mobilenet-unet",) * 2
    assert recipe.prove.segmenter.of("mobilenet-unet").width == 8
    assert recipe.gates.modes()["faithful"] == "score"
    off = load_recipe(config.recipe, (*config.sets, "gates.mode=off"))
    assert "faithful" not in off.gates.modes()
    strict = load_recipe(config.recipe, (*config.sets, "gates.faithful=enforce"))
    assert strict.gates.modes()["faithful"] == "enforce"


def test_a_named_recipe_and_a_resume_stay_as_they_are(tmp_path):
    for config in (
        FitConfig(tmp_path, "wbc", device="cpu"),
        FitConfig(tmp_path, resume=True, device="cpu"),
    ):
        assert chosen(config) == (config, ())
    assert chosen(FitConfig(tmp_path / "gone", "auto", device="cpu"))[0].recipe == "compact"
