"""What makes the images of a run: its model and its gates, loaded and on their device."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from medsynth.data.records import DataIndex
from medsynth.io.runs import Run
from medsynth.workflows.augment.synthesis import Synthesis
from medsynth.workflows.gates import RunGates
from medsynth.workflows.hardware import settle_threads
from medsynth.workflows.model import Fitted, check_follows_hints, load_fitted
from medsynth.workflows.recipe import Recipe

Report = Callable[[int, int, str], None]


@dataclass(frozen=True, eq=False)
class Making:
    """A run, ready to make images: the same on every machine that loads it."""

    run: Run
    recipe: Recipe
    index: DataIndex
    seed: int
    fitted: Fitted
    gates: RunGates
    synthesis: Synthesis


def load_making(
    run: Run,
    recipe: Recipe,
    seed: int | None,
    device: torch.device,
    report: Report,
    idle: bool = False,
) -> Making:
    """Load a run's model.

    Args:
        run: the run.
        recipe: its recipe, with what the command sets on top.
        seed: of the images; None for the recipe's.
        device: where to compute.
        report: progress of what takes long.
        idle: leave the model on the CPU: others make the images.

    Raises:
        UsageError: the run has no finished fit, or one of the base alone.
        InputError: a checkpoint is damaged or from another recipe.
    """
    settle_threads(recipe.training.threads)
    index = DataIndex.load(run.path)
    fitted = load_fitted(run, recipe, index, recipe.sampling.checkpoint)
    check_follows_hints(run, fitted)
    if not idle:
        fitted.network.to(device)
        fitted.codec.to(device)
    own_seed = recipe.seed if seed is None else seed
    gates = RunGates(run, recipe, index, device, report)
    redraws = recipe.gates.max_redraws
    synthesis = Synthesis(fitted, recipe.sampling, own_seed, gates.judge, redraws)
    return Making(run, recipe, index, own_seed, fitted, gates, synthesis)
