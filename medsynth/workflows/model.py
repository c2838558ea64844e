"""From a recipe and an index to arrays, codec and network; and back from a run's checkpoints."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from medsynth.core.errors import InputError, UsageError
from medsynth.core.seeds import derive_seed
from medsynth.data.load import load_sample
from medsynth.data.records import DataIndex, Item
from medsynth.io.hashing import hash_json
from medsynth.io.runs import Run
from medsynth.model.codecs.building import build_codec
from medsynth.model.codecs.codec import Codec
from medsynth.model.compact import add_controlnet, build_network
from medsynth.model.hints import mask_hint
from medsynth.model.network import HintedDiffusion
from medsynth.training.checkpoints import Checkpoints, CheckpointState, load_tensors
from medsynth.training.pairs import PairArrays
from medsynth.training.phase import load_weights
from medsynth.workflows.recipe import Recipe, run_fit_sha256

CODEC = "codec.safetensors"


def load_pairs(index: DataIndex, items: list[Item], label_column: str | None) -> PairArrays:
    """Read pairs into memory at the model's geometry: 6 bytes a pixel.

    Raises:
        InputError: a file changed since it was indexed, or has no label.
    """
    height, width = index.size_hw
    images = np.empty((len(items), height, width, index.channels), np.uint8)
    hints = np.empty((len(items), height, width, 3), np.uint8)
    for k, item in enumerate(items):
        sample = load_sample(index, item)
        images[k] = sample.image
        hints[k] = mask_hint(sample.mask.labels, sample.mask.instances)
    labels = None
    if label_column is not None:
        names = label_names(index, label_column)
        labels = np.array([names.index(item.attributes[label_column]) for item in items], np.int64)
    return PairArrays(images, hints, labels)


def label_names(index: DataIndex, column: str | None) -> list[str]:
    """Return the image labels of the training pairs, sorted; empty without a column.

    Raises:
        InputError: a pair has no such attribute, or a label that no training pair has.
    """
    if column is None:
        return []
    names = {item.attributes.get(column) for item in index.split("train")}
    others = {item.attributes.get(column) for item in index.items}
    if None in others or others - names:
        raise InputError(
            f"the column '{column}' (model.label_column) does not label every pair, or labels "
            "val or test pairs as no training pair is labelled.",
            "Name a column of the data's CSV files that all training pairs have.",
        )
    return sorted(str(name) for name in names)


def check_geometry(recipe: Recipe) -> None:
    """Refuse a size that codec and U-Net cannot halve often enough, or turn by 90 degrees.

    Raises:
        UsageError: with the nearest size that can be.
    """
    height, width = recipe.data.size_hw
    unit = recipe.model.codec.factor * 2 ** (len(recipe.model.compact.channels) - 1)
    if height % unit or width % unit or min(height, width) < 2 * unit:
        near = [max(2 * unit, round(side / unit) * unit) for side in (height, width)]
        raise UsageError(
            f"data.size={height}x{width} is not a multiple of {unit} from {2 * unit} on, which "
            "this codec and U-Net need.",
            f"Take --set data.size=[{near[0]},{near[1]}]",
        )
    if height != width and recipe.training.augmentation == "dihedral":
        raise UsageError(
            "training.augmentation=dihedral turns images by 90 degrees and needs a square size.",
            "Take --set training.augmentation=flips, or a square data.size.",
        )


def new_network(recipe: Recipe, codec: Codec, label_count: int) -> HintedDiffusion:
    """Return a network with random weights that follow from the recipe's seed alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(recipe.seed, "network"))
        return build_network(
            recipe.model.compact, recipe.model.schedule, codec.std.cpu(), label_count
        )


def load_codec(run: Run, recipe: Recipe, channels: int) -> Codec:
    """Return a run's fitted codec.

    Raises:
        InputError: it is missing, damaged or another.
    """
    codec = build_codec(recipe.model.codec, channels)
    values = load_tensors(run.checkpoints / CODEC, read_about(run).get("codec_sha256"))
    try:
        codec.load_state_dict(values)
    except RuntimeError as error:
        raise InputError(
            f"{run.checkpoints / CODEC} is not the codec of this recipe.", "Fit again."
        ) from error
    return codec.eval()


def read_about(run: Run) -> dict[str, Any]:
    """Return what `run.json` says of a run.

    Raises:
        InputError: it is missing or damaged.
    """
    try:
        found = json.loads(run.about.read_text(encoding="utf-8"))
        if not isinstance(found, dict):
            raise TypeError("it holds no mapping")
    except (OSError, ValueError, TypeError) as error:
        what = f"{run.about} cannot be read: {error}."
        raise InputError(what, "Restore it from a copy.") from error
    return found


@dataclass(frozen=True)
class Fitted:
    """A run's fitted model, its averaged weights in place."""

    network: HintedDiffusion
    codec: Codec
    state: CheckpointState
    sha256: str


def load_fitted(run: Run, recipe: Recipe, index: DataIndex, which: str = "last") -> Fitted:
    """Return the fitted model of a run.

    Args:
        run: the run.
        recipe: its recipe.
        index: its data index.
        which: "last", or "best" by validation loss.

    Raises:
        UsageError: the run has no finished fit.
        InputError: a checkpoint is damaged or from another recipe.
    """
    checkpoints = Checkpoints(run.checkpoints)
    state = next(reversed(checkpoints.states()), None)
    finished = state is not None and state.phase == "siamese"
    if state is None or not finished or state.step < state.planned["siamese"]:
        at = "not begun" if state is None else f"at {state.phase} step {state.step}"
        raise UsageError(
            f"the fit of {run.path} is not finished ({at}).",
            f"Go on with it: medsynth fit --resume --run {run.path}",
        )
    if which == "best" and state.best is not None and state.best[0].startswith("siamese"):
        state = checkpoints.state(state.best[0])
    if state.recipe_sha256 not in (run_fit_sha256(run, index.hash), recipe.fit_sha256(index.hash)):
        raise InputError(
            f"checkpoint {state.name} of {run.path} is from another recipe or other data.",
            "Put the run's own recipe.yaml and checkpoints back, or fit again.",
        )
    codec = load_codec(run, recipe, index.channels)
    names = label_names(index, recipe.model.label_column)
    network = new_network(recipe, codec, len(names))
    add_controlnet(network, recipe.model.compact, codec.merges)
    put_checkpoint(network, checkpoints, state)
    network.requires_grad_(False).eval()
    codec_sha256 = hash_json(
        sorted((k, v.double().sum().item()) for k, v in codec.state_dict().items())
    )
    sha256 = hash_json([state.sha256["weights"], state.sha256["average"], codec_sha256])
    return Fitted(network, codec, state, sha256)


def put_checkpoint(
    network: HintedDiffusion, checkpoints: Checkpoints, state: CheckpointState
) -> None:
    """Load a checkpoint's weights, with the moving average over those it averages.

    Raises:
        InputError: the checkpoint is damaged or of another recipe.
    """
    weights = checkpoints.load(state, "weights")
    try:
        load_weights(network, {**weights, **checkpoints.load(state, "average")})
    except ValueError as error:
        raise InputError(
            f"checkpoint {state.name} does not fit the recipe: {error}.",
            "Use the run's own recipe, or fit again.",
        ) from error
