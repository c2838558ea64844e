"""What a fit would take, measured (`--dry-run`), and how many steps a budget buys."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from medsynth.data.index import DataIndex, build_index
from medsynth.model.backbone import build_backbone
from medsynth.model.codecs.codec import Codec
from medsynth.training.codec import prepare_codec
from medsynth.training.measure import Cost, measure_cost, steps_within
from medsynth.workflows.choice import chosen
from medsynth.workflows.fit.config import FitConfig
from medsynth.workflows.fit.opening import (
    Prepared,
    Report,
    data_folder,
    new_recipe,
    prepare,
)
from medsynth.workflows.model import check_geometry, new_network
from medsynth.workflows.recipe import Recipe

LOOP_SHARE = 0.93
"""Share of a budget for the steps themselves; checkpoints, validation and grids take the rest."""


@dataclass(frozen=True)
class Estimate:
    """What a fit would take, measured and computed (`--dry-run`).

    minutes: for the planned steps; memory_bytes: peak of this process; disk_bytes: checkpoints.
    """

    pairs: int
    steps: dict[str, int]
    minutes: float
    base_step_s: float
    siamese_step_s: float
    memory_bytes: int
    disk_bytes: int
    device: str


def estimate(
    config: FitConfig, report: Report, note: Callable[[str], None] = lambda _: None
) -> Estimate:
    """Measure a few steps of each phase and say what the fit would take; writes nothing."""
    config = chosen(config, note)
    recipe = new_recipe(config)
    check_geometry(recipe)
    report(0, 0, "reading the data")
    index = build_index(data_folder(config), recipe.data, recipe.seed)
    return estimate_on(config, recipe, index, report)


def estimate_on(config: FitConfig, recipe: Recipe, index: DataIndex, report: Report) -> Estimate:
    """Return what a fit on an index would take; see `estimate`."""
    prepared = prepare(config, None, recipe, index)
    codec = build_backbone(recipe.model).build_codec(index.channels)
    short = recipe.model.codec.model_copy(update={"steps": min(20, recipe.model.codec.steps)})
    prepare_codec(codec, short, prepared.train, recipe.seed, report)
    cost = measured_cost(prepared, codec)
    if config.max_minutes is not None:
        prepared = within_budget(config.max_minutes, prepared, cost)
    base, siamese = prepared.recipe.base.steps, prepared.recipe.siamese.steps
    return Estimate(
        len(prepared.train),
        {"base": base, "siamese": siamese},
        cost.fit_s(base, siamese) / 60,
        cost.base_step_s,
        cost.siamese_step_s,
        cost.peak_memory_bytes,
        cost.disk_bytes,
        str(prepared.device),
    )


def measured_cost(prepared: Prepared, codec: Codec) -> Cost:
    """Return what a few steps of each phase cost, on a network that is thrown away."""
    latents = prepared.latents(codec, None)
    network = new_network(prepared.recipe, codec, len(prepared.told.labels)).to(prepared.device)
    codec.to(prepared.device)
    batches = prepared.batches(latents, prepared.train)
    return measure_cost(network, batches, prepared.plan(codec), prepared.processes.count)


def within_budget(max_minutes: float, prepared: Prepared, cost: Cost) -> Prepared:
    """Return the same with as many steps as the minutes buy, in the recipe's proportion."""
    recipe = prepared.recipe
    base, siamese = steps_within(60 * max_minutes, cost, recipe.base.steps, recipe.siamese.steps)
    changed = recipe.model_copy(
        update={
            "base": recipe.base.model_copy(update={"steps": base}),
            "siamese": recipe.siamese.model_copy(update={"steps": siamese}),
        }
    )
    return replace(prepared, recipe=changed)


def settle_steps(config: FitConfig, prepared: Prepared, codec: Codec, started: float) -> Prepared:
    """Fix the steps; what the codec and the measuring took counts into the budget."""
    if config.max_minutes is None:
        return prepared
    cost = measured_cost(prepared, codec)
    spent = (time.monotonic() - started) / 60
    left = max(config.max_minutes - spent, config.max_minutes / 10)
    return within_budget(LOOP_SHARE * left, prepared, cost)
