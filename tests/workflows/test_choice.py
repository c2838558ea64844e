"""auto: what is chosen, and that it says why."""

import pytest

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
                "model.stable_diffusion.base=/sd",
                "gates.segmenter.network=mobilenet-unet",
                "prove.networks=[mobilenet-unet]",
            ),
        ),
        (
            Machine("cpu", taef2="/w.safetensors"),
            "compact",
            ("data.size=128", "model.codec.name=taef2", "model.codec.weights=/w.safetensors"),
        ),
        (Machine("cpu", stable_diffusion="/sd"), "compact", ("data.size=128",)),
        (Machine("cuda", 6 * GIB, "/sd"), "compact", ("data.size=128",)),
        (Machine("cuda", 12 * GIB, "/sd"), "sd15-12gb", ("model.stable_diffusion.base=/sd",)),
        (Machine("cuda", 24 * GIB, "/sd"), "sd15-24gb", ("model.stable_diffusion.base=/sd",)),
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


def test_images_are_looked_at_and_what_the_user_sets_wins(blobs, monkeypatch):
    monkeypatch.delenv("MEDSYNTH_TAEF2", raising=False)
    data = blobs(hw=(100, 140))
    assert shorter_side_px(data, ()) == 100
    config, told = chosen(FitConfig(data, sets=("data.size=32",), device="cpu"))
    assert config.recipe == "compact"
    assert load_recipe(config.recipe, config.sets).data.size == 32
    assert any("shorter side is 100" in text for text in told)


def test_pretrained_weights_are_found_by_their_variable(blobs, monkeypatch):
    monkeypatch.setenv("MEDSYNTH_TAEF2", "/there/taef2.safetensors")
    config, _ = chosen(FitConfig(blobs(), device="cpu"))
    codec = load_recipe(config.recipe, config.sets).model.codec
    assert (codec.name, codec.weights) == ("taef2", "/there/taef2.safetensors")


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
