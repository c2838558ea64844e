"""convert: a fitted run as diffusers' folders, one LDM-style checkpoint, or to be given away."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from medsynth.core.errors import UsageError, did_you_mean
from medsynth.data.records import DataIndex
from medsynth.io.atomic import atomic_path, new_folder, write_json, write_text
from medsynth.io.runs import find_run
from medsynth.model.ldm.parts import LdmParts, merge_checkpoint
from medsynth.model.ldm.schedule_buffers import schedule_buffers
from medsynth.model.stable_diffusion.base import Base
from medsynth.model.stable_diffusion.lora import merge_lora
from medsynth.model.stable_diffusion.vae import KlAutoencoder
from medsynth.workflows.model import Fitted, load_fitted
from medsynth.workflows.recipe import read_run_recipe
from medsynth.workflows.sharing.share import Shared, share

SHAREABLE = "shareable"
TARGETS = ("diffusers", "ldm", SHAREABLE)
Report = Callable[[int, int, str], None]
PICKLES = (".ckpt", ".pth")
CARD = """\
# A mask-to-image model, converted by medsynth

```python
import torch
from diffusers import DDIMScheduler, StableDiffusionControlNetPipeline
from PIL import Image
from medsynth.model.controlnet import HintControlNet

controlnet = HintControlNet.from_pretrained("{path}/controlnet")
pipe = StableDiffusionControlNetPipeline.from_pretrained("{path}", controlnet=controlnet)
pipe.scheduler = DDIMScheduler.from_config(pipe.scheduler.config, clip_sample=False)
mask = Image.open("mask.png").convert("RGB")  # white where the object is, {size} pixels
image = pipe("{prompt}", image=mask, num_inference_steps=50, guidance_scale={scale}).images[0]
```
"""


@dataclass(frozen=True)
class ConvertConfig:
    """What is converted, to what, and where to.

    target: "diffusers" (a folder), "ldm" (a .safetensors, .ckpt or .pth file) or "shareable" (a
        run without its data, see `workflows.sharing`).
    run: None for the latest. sets: model.stable_diffusion.base=... where the base has moved.
    masks: planned masks in a shareable run; None for all that were planned, 1000 at least.
    """

    target: str
    out: Path
    run: Path | None = None
    sets: tuple[str, ...] = ()
    masks: int | None = None


@dataclass(frozen=True)
class ConvertResult:
    """What was written; `shared` says more of a shareable run."""

    out: Path
    target: str
    shared: Shared | None = None


def convert(config: ConvertConfig, report: Report = lambda *_: None) -> ConvertResult:
    """Convert a run; for diffusers and LDM its backbone must be Stable Diffusion.

    Raises:
        UsageError: unknown target, another backbone, or `out` is there already.
        InputError: the run or its base are damaged.
    """
    if config.target not in TARGETS:
        known = did_you_mean(config.target, TARGETS)
        raise UsageError(f"unknown target '{config.target}': {known}")
    if config.out.exists():
        raise UsageError(f"{config.out} is there already.", "Choose another --out.")
    suffixes = (".safetensors", *PICKLES)
    if config.target == "ldm" and config.out.suffix not in suffixes:
        raise UsageError(f"an LDM checkpoint is one file: {config.out} ends in none of {suffixes}.")
    if config.masks is not None and (config.target != SHAREABLE or config.masks < 1):
        raise UsageError(
            f"--masks says how many masks (1 or more) a run has with --to {SHAREABLE}."
        )
    run = find_run(config.run)
    recipe = read_run_recipe(run, config.sets)
    if config.target == SHAREABLE:
        shared = share(run, recipe, config.out, config.masks, report)
        return ConvertResult(config.out, config.target, shared)
    if recipe.model.backbone != "stable-diffusion":
        raise UsageError(
            f"{run.path} has the backbone {recipe.model.backbone}, whose codec neither diffusers' "
            "pipelines nor LDM know.",
            "Only fits with model.backbone=stable-diffusion can be converted to diffusers or ldm. "
            f"To give this run away without its data: --to {SHAREABLE}",
        )
    index = DataIndex.load(run.path)
    fitted = load_fitted(run, recipe, index, recipe.sampling.checkpoint)
    merge_lora(fitted.network)
    base = Base(recipe.model.stable_diffusion)
    if config.target == "ldm":
        write_ldm(config.out, fitted, base)
    else:
        height, width = recipe.data.size_hw
        card = CARD.format(
            path=config.out,
            size=f"{width}x{height}",
            prompt=recipe.model.stable_diffusion.prompt,
            scale=recipe.sampling.guidance_scale,
        )
        write_diffusers(config.out, fitted, base, card)
    return ConvertResult(config.out, config.target)


def write_diffusers(out: Path, fitted: Fitted, base: Base, card: str) -> None:
    """Write a folder that diffusers' StableDiffusionControlNetPipeline opens."""
    tokenizer, text = base.text()
    network, vae = fitted.network, autoencoder(fitted)
    assert network.controlnet is not None
    parts = {
        "vae": ("diffusers", vae),
        "text_encoder": ("transformers", text),
        "tokenizer": ("transformers", tokenizer),
        "unet": ("diffusers", network.unet),
        "controlnet": ("diffusers", network.controlnet),
    }
    index: dict[str, Any] = {"_class_name": "StableDiffusionControlNetPipeline"}
    with new_folder(out) as folder:
        for name, (library, part) in parts.items():
            part.save_pretrained(folder / name)
            index[name] = [library, type(part).__name__]
        index["controlnet"] = ["diffusers", "ControlNetModel"]
        scheduler = base.config("scheduler")
        write_json(folder / "scheduler" / "scheduler_config.json", scheduler)
        index["scheduler"] = ["diffusers", scheduler.get("_class_name", "DDIMScheduler")]
        index |= {"safety_checker": [None, None], "feature_extractor": [None, None]}
        index |= {"image_encoder": [None, None], "requires_safety_checker": False}
        write_json(folder / "model_index.json", index)
        write_text(folder / "README.md", card)


def write_ldm(out: Path, fitted: Fitted, base: Base) -> None:
    """Write one LDM-style state dict with U-Net, ControlNet, autoencoder and text encoder."""
    network, vae = fitted.network, autoencoder(fitted)
    assert network.controlnet is not None
    text = base.text()[1]
    parts = LdmParts(
        network.unet.state_dict(),
        network.controlnet.state_dict(),
        vae.state_dict(),
        text.state_dict(),
    )
    merged = merge_checkpoint(parts, network.unet.config, vae.config, text.config.to_dict())
    merged |= schedule_buffers(network.schedule.cumulative)
    tensors = {name: tensor.contiguous() for name, tensor in merged.items()}
    with atomic_path(out) as path:
        if out.suffix in PICKLES:
            torch.save({"state_dict": tensors}, path)
        else:
            save_file(tensors, path)


def autoencoder(fitted: Fitted) -> Any:
    """Return the base's autoencoder."""
    assert isinstance(fitted.codec, KlAutoencoder)
    return fitted.codec.vae
