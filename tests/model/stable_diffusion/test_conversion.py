"""convert and import: to diffusers' pipelines, to LDM's one file, and back."""

import json
import shutil
import socket
from pathlib import Path

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, StableDiffusionControlNetPipeline
from PIL import Image
from safetensors.torch import load_file, save_file

from medsynth.core.errors import InputError, UsageError
from medsynth.core.seeds import derive_seed
from medsynth.io.images import read_png
from medsynth.model.controlnet import HintControlNet
from medsynth.training.checkpoints import Checkpoints
from medsynth.workflows.augment.augment import AugmentConfig, augment
from medsynth.workflows.checkpoint_import import ImportConfig, import_checkpoint
from medsynth.workflows.convert import ConvertConfig, convert
from medsynth.workflows.fit.fit import FitConfig, fit

from .layouts import quiet


@pytest.fixture
def run(sd15, sd_recipe, blobs):
    """A finished fit whose ControlNet does something."""
    sets = ("siamese.learning_rate=0.002",)
    config = FitConfig(blobs(), str(sd_recipe(sd15)), Path("run"), sets, device="cpu")
    fit(config, quiet)
    return Path("run")


def newest(run):
    last = max(Path(run, "checkpoints").glob("siamese-*"))
    return load_file(last / "average.safetensors")


def test_a_converted_run_opens_in_diffusers_and_gives_the_same_image(run):
    augment(AugmentConfig(1, run, device="cpu"), quiet)
    ours = read_png(Path("run/samples/images/s0000001.png"))
    convert(ConvertConfig("diffusers", Path("out"), run))
    assert 'HintControlNet.from_pretrained("out/controlnet")' in Path("out/README.md").read_text()
    controlnet = HintControlNet.from_pretrained("out/controlnet")
    pipe = StableDiffusionControlNetPipeline.from_pretrained("out", controlnet=controlnet)
    pipe.set_progress_bar_config(disable=True)
    pipe.scheduler = DDIMScheduler.from_config(pipe.scheduler.config, clip_sample=False)
    labels = read_png(Path("run/samples/masks/s0000001.png"))
    mask = Image.fromarray((labels > 0).astype(np.uint8) * 255).convert("RGB")
    seed = derive_seed(0, "image", "s0000001")
    noise = torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(seed))
    theirs = pipe(
        "an image of a polyp",
        image=mask,
        num_inference_steps=10,
        guidance_scale=3.0,
        latents=noise,
        output_type="np",
    ).images[0]
    assert ours.std() > 1
    assert np.abs(ours - theirs * 255).max() <= 1


@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt", ".pth"])
def test_an_ldm_checkpoint_comes_back_as_a_run(run, sd15, sd_recipe, suffix):
    convert(ConvertConfig("ldm", Path(f"out{suffix}"), run))
    recipe = str(sd_recipe(sd15))
    config = ImportConfig(Path(f"out{suffix}"), Path("back"), Path("data"), recipe)
    result = import_checkpoint(config, quiet)
    assert (result.pairs, result.from_base) == (14, ())
    assert "betas" in result.ignored
    before, after = newest("run"), newest("back")
    assert before.keys() == after.keys()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    for each in ("run", "back"):
        augment(AugmentConfig(2, Path(each), device="cpu"), quiet)
    for name in ("s0000001.png", "s0000002.png"):
        a, b = (read_png(Path(each, "samples/images", name)) for each in ("run", "back"))
        assert np.array_equal(a, b)
    assert json.loads(Path("back/run.json").read_text())["imported"] == f"out{suffix}"


def test_an_import_without_autoencoder_and_text_takes_the_bases(run, sd15, sd_recipe):
    convert(ConvertConfig("ldm", Path("whole.safetensors"), run))
    networks = ("model.diffusion_model.", "control_model.")
    kept = {k: v for k, v in load_file("whole.safetensors").items() if k.startswith(networks)}
    save_file(kept, "part.safetensors")
    config = ImportConfig(
        Path("part.safetensors"), Path("back"), Path("data"), str(sd_recipe(sd15))
    )
    assert import_checkpoint(config, quiet).from_base == ("vae", "text_encoder")
    assert augment(AugmentConfig(1, Path("back"), device="cpu"), quiet).accepted == 1


def test_an_imported_run_can_be_fitted_on(run, sd15, sd_recipe):
    convert(ConvertConfig("ldm", Path("out.safetensors"), run))
    recipe = str(sd_recipe(sd15))
    import_checkpoint(ImportConfig(Path("out.safetensors"), Path("back"), None, recipe), quiet)
    base = f"model.stable_diffusion.base={Path('back/base').resolve()}"
    config = FitConfig(
        Path("data"), recipe, Path("more"), (base,), init_from=Path("back"), device="cpu"
    )
    fit(config, quiet)
    first, last = newest("back"), newest("more")
    assert first.keys() == last.keys()
    assert any(not torch.equal(first[name], last[name]) for name in first)


def test_wrong_imports_leave_nothing(run, sd15, sd_recipe):
    convert(ConvertConfig("ldm", Path("out.safetensors"), run))
    values = load_file("out.safetensors")
    lost = next(name for name in values if name.startswith("control_model.zero_convs"))
    save_file({k: v for k, v in values.items() if k != lost}, "lacks.safetensors")
    Path("torn.safetensors").write_bytes(Path("out.safetensors").read_bytes()[:5000])
    recipe = str(sd_recipe(sd15))
    for name, message in {"lacks": lost, "torn": "torn.safetensors", "none": "not a file"}.items():
        config = ImportConfig(Path(f"{name}.safetensors"), Path("back"), None, recipe)
        with pytest.raises(InputError, match=message):
            import_checkpoint(config, quiet)
        assert not Path("back").exists()
    with pytest.raises(UsageError, match="is there already"):
        import_checkpoint(ImportConfig(Path("out.safetensors"), run, None, recipe), quiet)
    sets = (f"model.stable_diffusion.base={sd15}", "data.size=32")
    import_checkpoint(ImportConfig(Path("out.safetensors"), Path("back"), sets=sets), quiet)
    hint = newest("back")["controlnet.controlnet_cond_embedding.hint.initial_conv.weight"]
    assert len(hint) == 2  # told from the checkpoint, not by the recipe
    shutil.rmtree("back")
    with pytest.raises(UsageError, match="needs a base model"):
        import_checkpoint(ImportConfig(Path("out.safetensors"), Path("back")), quiet)


def test_wrong_conversions(run, fitted):
    shutil.copytree(fitted.run, "compact")
    with pytest.raises(UsageError, match="did you mean 'ldm'"):
        convert(ConvertConfig("ldn", Path("out"), run))
    with pytest.raises(UsageError, match="is there already"):
        convert(ConvertConfig("diffusers", run, run))
    with pytest.raises(UsageError, match="an LDM checkpoint is one file"):
        convert(ConvertConfig("ldm", Path("out"), run))
    with pytest.raises(UsageError, match="has the backbone compact"):
        convert(ConvertConfig("diffusers", Path("out"), Path("compact")))
    assert not Path("out").exists()
    assert Checkpoints(run / "checkpoints").latest().step == 4


@pytest.mark.parametrize("suffix", [".safetensors", ".ckpt"])
def test_one_file_is_a_base_too_and_the_network_is_not_used(
    run, sd15, sd_recipe, suffix, monkeypatch
):
    convert(ConvertConfig("ldm", Path("whole.safetensors"), run))
    values = load_file("whole.safetensors")
    plain = {k: v for k, v in values.items() if not k.startswith("control_model.")}
    single = Path(f"single{suffix}")
    if suffix == ".ckpt":
        torch.save({"state_dict": plain}, single)
    else:
        save_file(plain, single)

    def refuse(*_, **__):
        raise AssertionError("the network was used")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    sets = (f"model.stable_diffusion.config={sd15}",)
    recipe = str(sd_recipe(single))
    fit(FitConfig(Path("data"), recipe, Path("other"), sets, device="cpu"), quiet)
    stored = json.loads(Path("other/run.json").read_text())["base_sha256"]
    assert stored == json.loads(Path("run/run.json").read_text())["base_sha256"]
    assert augment(AugmentConfig(1, Path("other"), device="cpu"), quiet).accepted == 1
