"""What a fit would take, measured (`--dry-run`), and how many steps a budget buys."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from medsynth.data.index import DataIndex, build_index
from medsynth.model.backbone import build_backbone
from medsynth.model.codecs.codec import Codec
from medsynth.training.measure import Cost, measure_codec, measure_cost, steps_within
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

    minutes: for codec and planned steps; codec_s: seconds until the codec is ready;
    memory_bytes: peak of this process; disk_bytes: checkpoints.
    """

    pairs: int
    steps: dict[str, int]
    minutes: float
    codec_s: float
    base_step_s: float
    siamese_step_s: float
    memory_bytes: int
    disk_bytes: int
    device: str


def estimate(
    config: FitConfig, report: Report, note: Callable[[str], None] = lambda _: None
) -> Estimate:
    """Measure a few steps of each phase and say what the fit would take; writes nothing."""
    config, reasons = chosen(config)
    recipe = new_recipe(config)
    check_geometry(recipe)
    report(0, 0, "reading the data")
    index = build_index(data_folder(config), recipe.data, recipe.seed)
    for reason in reasons:
        note(reason)
    return estimate_on(config, recipe, index, report)


def estimate_on(config: FitConfig, recipe: Recipe, index: DataIndex, report: Report) -> Estimate:
    """Return what a fit on an index would take; see `estimate`."""
    prepared = prepare(config, None, recipe, index)
    codec = build_backbone(recipe.model).build_codec(index.channels)
    codec_s = measure_codec(codec, recipe.model.codec, prepared.train, recipe.seed, report)
    codec_s = 0.0 if config.init_from is not None else codec_s  # it comes with those weights
    cost = measured_cost(prepared, codec)
    if config.max_minutes is not None:
        left = left_minutes(config.max_minutes, codec_s / 60)
        prepared = within_budget(left, prepared, cost)
    base, siamese = prepared.recipe.base.steps, prepared.recipe.siamese.steps
    return Estimate(
        len(prepared.train),
        {"base": base, "siamese": siamese},
        (codec_s + cost.fit_s(base, siamese)) / 60,
        codec_s,
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


def left_minutes(max_minutes: float, spent: float) -> float:
    """Return the minutes of a budget that the steps may take, a tenth of it at least."""
    return max(LOOP_SHARE * (max_minutes - spent), max_minutes / 10)


def settle_steps(
    config: FitConfig,
    prepared: Prepared,
    codec: Codec,
    started: float,
    warn: Callable[[str], None],
) -> Prepared:
    """Fix the steps; what the codec and the measuring took counts into the budget.

    Args:
        config: with the budget.
        prepared: with the recipe's steps.
        codec: made ready.
        started: when that began, by `time.monotonic`.
        warn: told where next to nothing of the budget is left.
    """
    if config.max_minutes is None:
        return prepared
    cost = measured_cost(prepared, codec)
    spent = (time.monotonic() - started) / 60
    left = left_minutes(config.max_minutes, spent)
    settled = within_budget(left, prepared, cost)
    if left > config.max_minutes - spent:
        steps = f"{settled.recipe.base.steps} + {settled.recipe.siamese.steps}"
        warn(
            f"the codec and measuring the speed took {spent:.1f} of --max-minutes "
            f"{config.max_minutes:g}; {steps} steps follow all the same, too few to learn from."
        )
    return settled
