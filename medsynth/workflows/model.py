"""From a recipe to codec and network, and back from a run's checkpoints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch

from medsynth.core.errors import InputError, UsageError
from medsynth.core.seeds import derive_seed
from medsynth.core.types import WhichWeights
from medsynth.data.records import DataIndex
from medsynth.io.hashing import hash_json
from medsynth.io.json_text import parse_json
from medsynth.io.runs import Run
from medsynth.model.backbone import build_backbone
from medsynth.model.codecs.codec import Codec
from medsynth.model.network import HintedDiffusion
from medsynth.model.objective import OBJECTIVES
from medsynth.model.tensor_hash import hash_tensors
from medsynth.training.checkpoints import Checkpoints, CheckpointState, load_tensors
from medsynth.training.phase import load_weights, own_tensors
from medsynth.workflows.recipe import Recipe, run_fit_sha256
from medsynth.workflows.told import Told, label_names, read_told

CODEC = "codec.safetensors"
PROMPTS = "prompts.safetensors"
TEACHER = "teacher."


def check_geometry(recipe: Recipe) -> None:
    """Refuse a size that codec and U-Net cannot halve often enough, or turn by 90 degrees.

    Raises:
        UsageError: with the nearest size that can be.
    """
    height, width = recipe.data.size_hw
    unit = build_backbone(recipe.model).unit_px()
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
        return build_backbone(recipe.model).build_network(codec, label_count)


def load_codec(run: Run, recipe: Recipe, channels: int) -> Codec:
    """Return a run's fitted codec.

    Raises:
        InputError: it is missing, damaged or another.
    """
    codec = build_backbone(recipe.model).build_codec(channels)
    values = load_tensors(run.checkpoints / CODEC, read_about(run).get("codec_sha256"))
    try:
        codec.load_own_state(values)
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
        found = parse_json(run.about.read_text(encoding="utf-8"))
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
    told: Told
    state: CheckpointState
    sha256: str


def load_fitted(run: Run, recipe: Recipe, index: DataIndex, which: WhichWeights = "last") -> Fitted:
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
    state = checkpoints.newest()
    if state is None or state.phase != "siamese" or not state.ended:
        at = "not begun" if state is None else f"at {state.phase} step {state.step}"
        raise UsageError(
            f"the fit of {run.path} is not finished ({at}).",
            f"Go on with it: medsynth fit --resume --run {run.path}",
        )
    state = checkpoints.state(state.called(which))
    if state.recipe_sha256 not in (run_fit_sha256(run, index.hash), recipe.fit_sha256(index.hash)):
        raise InputError(
            f"checkpoint {state.name} of {run.path} is from another recipe or other data.",
            "Put the run's own recipe.yaml and checkpoints back, or fit again.",
        )
    codec = load_codec(run, recipe, index.channels)
    backbone = build_backbone(recipe.model)
    column = recipe.model.label_column
    labels = read_about(run).get("labels")
    if labels is None:  # a run of an older version
        labels = label_names(index, column)
    told = read_told(run.checkpoints / PROMPTS, labels, column, backbone.prompt())
    network = new_network(recipe, codec, len(told.labels))
    backbone.add_controlnet(network, codec)
    put_checkpoint(network, checkpoints, state)
    network.requires_grad_(False).eval()
    check_base(run, network)
    sha256 = hash_json([state.sha256["weights"], state.sha256["average"], codec.sha256()])
    return Fitted(network, codec, told, state, sha256)


def check_follows_hints(run: Run, fitted: Fitted) -> None:
    """Refuse a model whose images would not follow their masks.

    Raises:
        UsageError: it was fitted without the Siamese phase.
    """
    if not fitted.network.follows_hints():
        raise UsageError(
            f"{run.path} was fitted without the Siamese phase (siamese.steps=0): its images would "
            "not follow their masks.",
            f"Fit that phase too: medsynth fit DATA --init-from {run.path}",
        )


def add_controlnet(recipe: Recipe, codec: Codec, network: HintedDiffusion) -> None:
    """Give a network what the second phase trains, where it is not there yet."""
    if network.controlnet is None:
        build_backbone(recipe.model).add_controlnet(network, codec)
    if network.teacher is None:
        OBJECTIVES.get(recipe.training.objective).prepare(network)


def base_sha256(network: HintedDiffusion) -> str | None:
    """Return a hash of the weights that stay a base model's own; None where there are none."""
    if not network.borrowed:
        return None
    return hash_tensors({n: p for n, p in network.named_parameters() if n in network.borrowed})


def check_base(run: Run, network: HintedDiffusion) -> None:
    """Refuse another base model than the one that a run was fitted on.

    Raises:
        InputError: it is another.
    """
    if read_about(run).get("base_sha256") != base_sha256(network):
        raise InputError(
            f"the base model is not the one that {run.path} was fitted on.",
            "Name the right one: --set model.stable_diffusion.base=PATH",
        )


def put_checkpoint(
    network: HintedDiffusion, checkpoints: Checkpoints, state: CheckpointState
) -> None:
    """Load a checkpoint's weights, with the moving average over those it averages.

    A teacher is not part of the model: one that only the checkpoint has is left out, one that
    only the network has stays as it is.

    Raises:
        InputError: the checkpoint is damaged or of another recipe.
    """
    stored = {**checkpoints.load(state, "weights"), **checkpoints.load(state, "average")}
    own = {name: t for name, t in own_tensors(network).items() if name.startswith(TEACHER)}
    model = {name: t for name, t in stored.items() if name in own or not name.startswith(TEACHER)}
    try:
        load_weights(network, {**own, **model})
    except ValueError as error:
        raise InputError(
            f"checkpoint {state.name} does not fit the recipe: {error}.",
            "Use the run's own recipe, or fit again.",
        ) from error
