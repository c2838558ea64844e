"""import: a published checkpoint becomes a run that `augment` can use at once."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from torch import Tensor, nn
from transformers import CLIPTextConfig, CLIPTextModel

from medsynth.core.errors import InputError, UsageError
from medsynth.core.types import LabelClass
from medsynth.data.coding import MaskCoding
from medsynth.data.index import DataIndex, build_index
from medsynth.io.atomic import write_json
from medsynth.io.runs import Run, name_latest
from medsynth.model.backbone import build_backbone
from medsynth.model.ldm.checkpoint import read_checkpoint
from medsynth.model.ldm.hint_shape import infer_hint_shape
from medsynth.model.ldm.parts import LdmParts, split_checkpoint
from medsynth.model.ldm.text_names import OPEN_CLIP
from medsynth.model.stable_diffusion.base import Base
from medsynth.training.checkpoints import Checkpoints, CheckpointState
from medsynth.training.pairs import PairArrays
from medsynth.training.phase import own_tensors
from medsynth.workflows.fit.opening import Prepared, Report
from medsynth.workflows.fit.writing import write_run
from medsynth.workflows.model import check_geometry, new_network
from medsynth.workflows.recipe import Recipe, load_recipe
from medsynth.workflows.told import encode_told

RECIPE = "sd15-paper"


@dataclass(frozen=True)
class ImportConfig:
    """What becomes a run.

    checkpoint: an LDM-style state dict, .pth, .ckpt or .safetensors.
    run: the new run's folder.
    data: pairs whose masks `augment` may vary; None for `augment --masks` alone.
    recipe, sets: as of a fit; they name the base model, for its configuration and tokenizer.
    """

    checkpoint: Path
    run: Path
    data: Path | None = None
    recipe: str | None = None
    sets: tuple[str, ...] = ()


@dataclass(frozen=True)
class ImportResult:
    """The new run; which networks came from the base; which names were passed over."""

    run: Path
    pairs: int
    from_base: tuple[str, ...]
    ignored: tuple[str, ...]


def import_checkpoint(config: ImportConfig, report: Report) -> ImportResult:
    """Turn a checkpoint into a run.

    Raises:
        UsageError: the run exists; no base is named; the recipe is wrong.
        InputError: the checkpoint is missing or damaged, or not Siamese-Diffusion's on this base.
    """
    run = Run(config.run)
    if run.path.exists() and any(run.path.iterdir()):
        raise UsageError(f"{run.path} is there already.", "Choose another folder with --run.")
    if not config.checkpoint.is_file():
        raise InputError(f"{config.checkpoint} is not a file.", "Give the checkpoint's path.")
    recipe = load_recipe(config.recipe or RECIPE, (*config.sets, "base.steps=0"))
    if recipe.model.backbone != "stable-diffusion":
        raise UsageError("an import needs a recipe with model.backbone=stable-diffusion.")
    base = Base(recipe.model.stable_diffusion)
    report(0, 0, "reading the checkpoint")
    state = read_checkpoint(config.checkpoint)
    own_text = not any(name.startswith(OPEN_CLIP) for name in state)
    parts = split_checkpoint(state, base.config("unet"), own_text)
    recipe = with_options(recipe, hint_width=infer_hint_shape(state)[0])
    check_geometry(recipe)
    index = empty_index(recipe)
    if config.data is not None:
        report(0, 0, "reading the data")
        index = build_index(config.data, recipe.data, recipe.seed)
    with run.lock("import"):
        try:
            report(0, 0, "writing the base model")
            folder = str(write_base(run.path / "base", parts, base).resolve())
            recipe = with_options(recipe, base=folder, config=None, variant=None)
            report(0, 0, "writing the checkpoint")
            write_imported(run, recipe, index, parts, config.checkpoint)
        except BaseException:
            shutil.rmtree(run.path / "base", ignore_errors=True)
            shutil.rmtree(run.checkpoints, ignore_errors=True)
            raise
    name_latest(run)
    missing = [name for name in ("vae", "text_encoder") if getattr(parts, name) is None]
    return ImportResult(run.path, len(index.items), tuple(missing), parts.ignored)


def with_options(recipe: Recipe, **values: object) -> Recipe:
    """Return the recipe with other options of the backbone."""
    options = recipe.model.stable_diffusion.model_copy(update=values)
    model = recipe.model.model_copy(update={"stable_diffusion": options})
    return recipe.model_copy(update={"model": model})


def empty_index(recipe: Recipe) -> DataIndex:
    """Return an index of no pairs, for runs that have masks given to them."""
    return DataIndex(
        Path().resolve(),
        (),
        (LabelClass(1, "foreground"),),
        3,
        False,
        MaskCoding("binary", False, ((0, 0), (255, 1))),
        recipe.data.size_hw,
        recipe.data.fit,
        recipe.data.window,
        "none",
    )


def write_base(folder: Path, parts: LdmParts, base: Base) -> Path:
    """Write a Stable Diffusion in diffusers' layout: the checkpoint's networks, else the base's."""
    unet = filled(UNet2DConditionModel.from_config(base.config("unet")), parts.unet)
    vae = base.vae() if parts.vae is None else AutoencoderKL.from_config(base.config("vae"))
    tokenizer, text = base.text() if parts.text_encoder is None else new_text_encoder(base)
    unet.save_pretrained(folder / "unet")
    filled(vae, parts.vae).save_pretrained(folder / "vae")
    filled(text, parts.text_encoder).save_pretrained(folder / "text_encoder")
    tokenizer.save_pretrained(folder / "tokenizer")
    write_json(folder / "scheduler" / "scheduler_config.json", base.config("scheduler"))
    return folder


def new_text_encoder(base: Base) -> tuple[Any, Any]:
    """Return the base's tokenizer, and a text encoder without weights."""
    return base.tokenizer(), CLIPTextModel(CLIPTextConfig(**base.config("text_encoder")))


def filled(module: nn.Module, values: Any) -> Any:
    """Return a module with other weights; None leaves its own."""
    if values is not None:
        module.load_state_dict({k: v.float() for k, v in values.items()})
    return module


def write_imported(
    run: Run, recipe: Recipe, index: DataIndex, parts: LdmParts, checkpoint: Path
) -> None:
    """Write the run with one finished checkpoint."""
    backbone = build_backbone(recipe.model)
    told = encode_told(index, recipe.model.label_column, backbone)
    codec = backbone.build_codec(index.channels)
    network = new_network(recipe, codec, 0)
    backbone.add_controlnet(network, codec)
    assert network.controlnet is not None
    filled(network.controlnet, parts.controlnet)
    nothing = PairArrays(np.empty((0,), np.uint8), np.empty((0,), np.uint8))
    prepared = Prepared(recipe, index, nothing, nothing, told, torch.device("cpu"))
    steps = {"base": 0, "siamese": recipe.siamese.steps}
    state = CheckpointState("siamese", steps["siamese"], steps, recipe.fit_sha256(index.hash))
    network.let_train(base=False)
    trained: dict[str, Tensor] = {n: p for n, p in network.named_parameters() if p.requires_grad}
    tensors = {"weights": own_tensors(network), "average": trained, "optimizer": {}}
    Checkpoints(run.checkpoints).save(state, tensors)
    origin = {"init_from": None, "imported": str(checkpoint)}
    write_run(run, origin, prepared, codec, network)
