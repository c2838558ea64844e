"""fit, augment and export on Stable Diffusion's own layout."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from medsynth.core.errors import InputError, UsageError
from medsynth.io.images import read_png
from medsynth.store.samples import SampleStore
from medsynth.training.checkpoints import Checkpoints
from medsynth.workflows.augment.augment import AugmentConfig, augment
from medsynth.workflows.export.export import ExportConfig, export_run
from medsynth.workflows.fit.fit import FitConfig, fit

from .layouts import quiet


@pytest.fixture
def run(sd15, sd_recipe, blobs):
    """A finished fit of four steps."""
    data = blobs()
    fit(FitConfig(data, str(sd_recipe(sd15)), Path("run"), device="cpu"), quiet)
    return Path("run")


def newest(run):
    return Checkpoints(Path(run) / "checkpoints").latest()


@pytest.mark.parametrize(("kind", "prediction"), [("sd15", "epsilon"), ("sd2", "v")])
def test_the_whole_line(request, sd_recipe, blobs, kind, prediction):
    data = blobs()
    recipe = sd_recipe(request.getfixturevalue(kind), prediction)
    fit(FitConfig(data, str(recipe), Path("run"), device="cpu"), quiet)
    stored = load_file(Path("run/checkpoints/siamese-0000004/weights.safetensors"))
    assert not [name for name in stored if name.startswith(("unet.down", "unet.mid", "unet.time"))]
    assert set(load_file(Path("run/checkpoints/codec.safetensors"))) == {"mean", "scale", "std"}
    assert augment(AugmentConfig(5, Path("run"), device="cpu"), quiet).accepted == 5
    images = [read_png(path) for path in sorted(Path("run/samples/images").glob("*.png"))]
    assert {image.shape for image in images} == {(32, 32, 3)}
    export_run(ExportConfig("coco", Path("run")), quiet)
    told = json.loads(Path("run/exports/coco/annotations/instances_train.json").read_text())
    assert len(told["images"]) == 15


def test_a_run_needs_no_text_encoder_again(run, sd15):
    elsewhere = Path(shutil.copytree(sd15, "sd-without-text"))
    shutil.rmtree(elsewhere / "text_encoder")
    shutil.rmtree(elsewhere / "tokenizer")
    sets = (f"model.stable_diffusion.base={elsewhere}",)
    assert augment(AugmentConfig(2, run, device="cpu", sets=sets), quiet).accepted == 2


def test_another_base_is_refused(run, sd15, tmp_path):
    from .layouts import write_folder

    other = write_folder(tmp_path / "other", seed=5)
    with pytest.raises(InputError, match="not the one that run was fitted on"):
        augment(
            AugmentConfig(2, run, device="cpu", sets=(f"model.stable_diffusion.base={other}",)),
            quiet,
        )


def test_a_stopped_fit_goes_on_to_the_same_bytes(run, sd15, sd_recipe):
    stopped = Path(shutil.copytree(run, "stopped"))
    shutil.rmtree(stopped / "checkpoints/siamese-0000004")
    shutil.rmtree(stopped / "cache")
    fit(FitConfig(run=stopped, resume=True, device="cpu"), quiet)
    assert newest(stopped).sha256 == newest(run).sha256


def test_kept_latents_give_the_same_weights(run, sd15, sd_recipe):
    """They are found by content, so a torn file is encoded again."""
    files = sorted(Path("run/cache").rglob("*.safetensors"))
    assert files
    files[0].write_bytes(b"torn")
    first = newest(run).sha256
    again = Path("again")
    shutil.copytree(Path("run/cache"), again / "cache")
    fit(FitConfig(Path("data"), str(sd_recipe(sd15)), again, device="cpu"), quiet)
    assert newest(again).sha256 == first


@pytest.mark.parametrize(
    "sets",
    [("training.precision=bf16",), ("training.checkpointing=true", "training.accumulate=2")],
)
def test_precision_and_memory_savers(sd15, sd_recipe, run, sets):
    fit(FitConfig(Path("data"), str(sd_recipe(sd15)), Path("other"), sets, device="cpu"), quiet)
    rows = [json.loads(line) for line in Path("other/log.jsonl").read_text().splitlines()]
    expected = [json.loads(line) for line in Path("run/log.jsonl").read_text().splitlines()]
    tolerance = 0.03 if "bf16" in sets[0] else 1e-4
    for ours, theirs in zip(rows, expected, strict=True):
        key = "val" if "val" in ours else "total"
        assert ours[key] == pytest.approx(theirs[key], rel=tolerance)
    weights = load_file(Path("other/checkpoints/siamese-0000004/weights.safetensors"))
    assert {value.dtype for value in weights.values()} == {torch.float32}


def test_prompts_from_a_column(sd15, sd_recipe, blobs):
    data = blobs()
    names = sorted(path.name for path in (data / "images").iterdir())
    rows = [f"{name[:-4]},{'colon' if k % 2 else 'skin'}" for k, name in enumerate(names)]
    (data / "kinds.csv").write_text("stem,kind\n" + "\n".join(rows) + "\n")
    sets = ("model.stable_diffusion.prompt=image of {kind}",)
    fit(FitConfig(data, str(sd_recipe(sd15)), Path("run"), sets, device="cpu"), quiet)
    from safetensors import safe_open

    with safe_open("run/checkpoints/prompts.safetensors", "pt") as file:
        assert json.loads(file.metadata()["prompts"]) == ["", "image of colon", "image of skin"]
    augment(AugmentConfig(2, Path("run"), device="cpu"), quiet)
    assert len(SampleStore(Path("run/samples"))) == 2
    wrong = ("model.stable_diffusion.prompt=image of {kin}",)
    config = FitConfig(data, str(sd_recipe(sd15)), Path("no"), wrong, device="cpu")
    with pytest.raises(UsageError, match="cannot be filled in: KeyError"):
        fit(config, quiet)
    assert not Path("no/recipe.yaml").exists()


def test_guidance_over_the_prompt_changes_the_images(run):
    plain = Path(shutil.copytree(run, "plain"))
    augment(AugmentConfig(1, run, device="cpu"), quiet)
    augment(AugmentConfig(1, plain, device="cpu", sets=("sampling.guidance_scale=1",)), quiet)
    a, b = (read_png(next(Path(p, "samples/images").glob("*.png"))) for p in (run, plain))
    assert not np.array_equal(a, b)


@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_sampling_in_half_precision_makes_nearly_the_same_images(run, precision):
    """With prompts, cross-attention and guidance over them, as the recipes for GPUs sample."""
    half = Path(shutil.copytree(run, "half"))
    augment(AugmentConfig(2, run, device="cpu"), quiet)
    augment(AugmentConfig(2, half, device="cpu", sets=(f"sampling.precision={precision}",)), quiet)
    a, b = (
        np.stack([read_png(each) for each in sorted(Path(p, "samples/images").glob("*.png"))])
        for p in (run, half)
    )
    apart = np.abs(a.astype(int) - b)
    assert apart.any()
    assert apart.mean() < 0.1 * a.std()


def test_low_rank_updates_train_little_and_are_merged_when_converted(sd15, sd_recipe, blobs):
    from medsynth.workflows.convert import ConvertConfig, convert

    sets = ("model.stable_diffusion.lora_rank=2", "siamese.learning_rate=0.01")
    config = FitConfig(blobs(), str(sd_recipe(sd15)), Path("run"), sets, device="cpu")
    fit(config, quiet)
    stored = load_file(Path("run/checkpoints/siamese-0000004/weights.safetensors"))
    unet = [name for name in stored if name.startswith("unet.")]
    assert unet
    assert all(".lora_" in name and name.startswith("unet.up_blocks.") for name in unet)
    assert augment(AugmentConfig(1, Path("run"), device="cpu"), quiet).accepted == 1
    convert(ConvertConfig("diffusers", Path("out"), Path("run")))
    before, after = (
        load_file(Path(where, "unet/diffusion_pytorch_model.safetensors"))
        for where in (sd15, "out")
    )
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert before.keys() == after.keys()
    assert changed
    assert all(".attn" in name and name.startswith("up_blocks.") for name in changed)


@pytest.mark.parametrize("objective", ["controlnet", "adc"])
def test_other_objectives(sd15, sd_recipe, blobs, objective):
    sets = (f"training.objective={objective}",)
    config = FitConfig(blobs(), str(sd_recipe(sd15)), Path("run"), sets, device="cpu")
    fit(config, quiet)
    stored = load_file(Path("run/checkpoints/siamese-0000004/weights.safetensors"))
    assert any(name.startswith("teacher.") for name in stored) == (objective == "adc")
    assert augment(AugmentConfig(1, Path("run"), device="cpu"), quiet).accepted == 1


def test_a_base_phase_tunes_the_decoder_of_a_borrowed_base(sd15, sd_recipe, blobs):
    """torch's channels_last group norm crashes after a frozen encoder unless it is told to."""
    config = FitConfig(
        blobs(), str(sd_recipe(sd15)), Path("run"), device="cpu", sets=("base.steps=2",)
    )
    fit(config, quiet)
    states = sorted(path.name for path in Path("run/checkpoints").glob("base-*"))
    assert states == ["base-0000002"]
    stored = load_file(Path("run/checkpoints/base-0000002/weights.safetensors"))
    assert any(name.startswith("unet.up_blocks") for name in stored)
    assert not any(name.startswith("unet.down_blocks") for name in stored)


def test_a_run_without_its_data_takes_the_base_from_whoever_has_it(sd15, sd_recipe, blobs):
    from medsynth.workflows.convert import ConvertConfig, convert

    sets = ("model.stable_diffusion.prompt=polyps of ward Seeblick",)
    fit(FitConfig(blobs(), str(sd_recipe(sd15)), Path("run"), sets, device="cpu"), quiet)
    augment(AugmentConfig(2, Path("run"), device="cpu"), quiet)
    convert(ConvertConfig("shareable", Path("given"), Path("run"), masks=4))
    shutil.rmtree("data")
    for path in Path("given").rglob("*.*"):
        assert not any(text in path.read_bytes() for text in (b"Seeblick", str(sd15).encode()))
    with pytest.raises(UsageError, match="base"):
        augment(AugmentConfig(2, Path("given"), device="cpu"), quiet)
    base = (f"model.stable_diffusion.base={sd15}",)
    augment(AugmentConfig(2, Path("given"), device="cpu", sets=base), quiet)
    ours, theirs = (SampleStore(Path(name, "samples")).samples() for name in ("given", "run"))
    for a, b in zip(ours, theirs, strict=True):
        assert np.array_equal(a.image, b.image)
