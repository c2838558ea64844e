"""What a fit begins with: fitted weights, its own checkpoint, or nothing."""

from __future__ import annotations

from pathlib import Path

import torch

from medsynth.core.errors import InputError
from medsynth.core.words import counted
from medsynth.data.records import DataIndex
from medsynth.data.trained_on import inherited_pairs
from medsynth.io.runs import Run, find_run
from medsynth.model.backbone import build_backbone
from medsynth.model.codecs.codec import Codec
from medsynth.model.network import HintedDiffusion
from medsynth.training.checkpoints import PHASES, Checkpoints, CheckpointState
from medsynth.training.codec import prepare_codec
from medsynth.workflows.fit.config import FitConfig
from medsynth.workflows.fit.opening import Prepared, Report
from medsynth.workflows.model import (
    TEACHER,
    add_controlnet,
    load_codec,
    new_network,
    put_checkpoint,
    read_about,
)
from medsynth.workflows.recipe import Recipe, read_run_recipe


def resumed_state(run: Run, prepared: Prepared) -> CheckpointState | None:
    """Return the checkpoint to go on from, None where there is none yet.

    Raises:
        InputError: it is from another recipe or other data; or all are damaged.
    """
    state = Checkpoints(run.checkpoints).latest()
    if state is not None and state.recipe_sha256 != prepared.fit_sha256:
        raise InputError(
            f"checkpoint {state.name} is from another recipe or other data.",
            "Resume with the run's own recipe, or start a new fit.",
        )
    return state


def source_run(run: Run, config: FitConfig, recipe: Recipe) -> Run | None:
    """Return the run whose fitted weights this fit begins with, if any.

    Raises:
        InputError: it was fitted with another model.
    """
    path = config.init_from
    if config.resume:
        told = read_about(run).get("init_from")
        path = Path(told) if told else None
    if path is None:
        return None
    source = find_run(path)
    if read_run_recipe(source).model != recipe.model:
        raise InputError(
            f"{source.path} was fitted with another model or codec.",
            "Use the same recipe's model section, or fit from scratch.",
        )
    return source


def is_unrecorded(source: Run) -> bool:
    """Return whether nobody knows all that a run's weights have learned from."""
    about = read_about(source)
    return any(about.get(key) for key in ("imported", "shared", "unrecorded"))


def warnings_of_seen(source: Run, index: DataIndex) -> list[str]:
    """Say where a run's weights have learned from images that are now val or test.

    Raises:
        InputError: the run's files are damaged.
    """
    seen = {pair.image_sha256 for pair in inherited_pairs(source.path)}
    ids = [i.id for i in index.items if i.split != "train" and i.image_sha256 in seen]
    if not ids:
        return []
    return [
        f"the weights of {source.path} have learned from val or test here: "
        f"{counted(len(ids), 'image')} (for example {ids[0]}). Figures on these say too much, and "
        "exports with synthetic samples will be refused. Keep the split by a split.csv, or fit "
        "from scratch."
    ]


def ready_codec(
    run: Run, source: Run | None, resume: bool, prepared: Prepared, report: Report
) -> Codec:
    """Return the codec: the run's own, its source's, or a new one fitted on the training images.

    Weights are worth nothing with another codec's latents, so those of a source bring theirs.
    """
    recipe, channels = prepared.recipe, prepared.index.channels
    if resume:
        codec = load_codec(run, recipe, channels)
    elif source is not None:
        codec = load_codec(source, recipe, channels)
    else:
        codec = build_backbone(recipe.model).build_codec(channels)
        prepare_codec(codec, recipe.model.codec, prepared.train, recipe.seed, report)
        codec.eval()
    return codec.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def first_network(
    run: Run,
    source: Run | None,
    prepared: Prepared,
    codec: Codec,
    state: CheckpointState | None,
) -> HintedDiffusion:
    """Return the network as it is before the first step, or before a checkpoint is put in.

    Raises:
        InputError: the source's weights are missing, damaged or of another model.
    """
    network = new_network(prepared.recipe, codec, len(prepared.told.labels))
    if source is not None:
        put_source(network, prepared, codec, Checkpoints(source.checkpoints))
    elif state is not None and state.phase == PHASES[0]:  # perhaps begun with another's weights
        put_source(network, prepared, codec, Checkpoints(run.checkpoints))
    return network


def put_source(
    network: HintedDiffusion, prepared: Prepared, codec: Codec, checkpoints: Checkpoints
) -> None:
    """Put the newest checkpoint's averaged weights into a new network.

    A ControlNet that changes nothing yet, and a teacher that the checkpoint lacks, are left out:
    the phase that fits them makes them of the U-Net that it finds.

    Raises:
        InputError: there is none, or it is of another model.
    """
    state = checkpoints.latest()
    if state is None:
        raise InputError(f"{checkpoints.folder} has no checkpoint to begin from.", "Fit it first.")
    stored = checkpoints.load(state, "weights")
    if any(name.startswith("controlnet.") for name in stored):
        with torch.random.fork_rng(devices=[]):
            add_controlnet(prepared.recipe, codec, network)
    put_checkpoint(network, checkpoints, state)
    if not any(name.startswith(TEACHER) for name in stored):
        network.teacher = None
    if network.controlnet is not None and network.controlnet.is_new():
        network.controlnet = network.teacher = None
