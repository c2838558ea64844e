"""perturb: new masks alone, on disk, with a contact sheet and figures of their diversity."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from medsynth.core.errors import InterruptedRunError, UsageError
from medsynth.core.types import Mask
from medsynth.data.index import build_index
from medsynth.data.records import DataIndex
from medsynth.io.images import write_png
from medsynth.io.interrupts import asked_to_stop
from medsynth.masks.acceptance import count_redraws, count_relaxed
from medsynth.masks.diversity import Diversity
from medsynth.masks.plan import Planner
from medsynth.masks.plan_entry import PlanEntry
from medsynth.workflows.masks.diversity import measure_diversity
from medsynth.workflows.masks.folder import MaskFolder
from medsynth.workflows.masks.sheet import mask_sheet
from medsynth.workflows.recipe import Recipe, load_recipe, refuse_other_sets
from medsynth.workflows.source_masks import SourceMasks, resolved_masks

BATCH = 64
"""Masks written before the manifest is: what a stop can lose."""
Report = Callable[[int, int, str], None]
SETTABLE = ("data.", "masks.")


@dataclass(frozen=True)
class PerturbConfig:
    """What to make.

    data: folder with images and masks.
    n: masks that `out` shall hold, those already there included.
    seed: of the plan, None for the recipe's (which decides the split in any case).
    sets: "data.key=value" or "masks.key=value" on top of the recipe.
    """

    data: Path
    n: int
    out: Path
    seed: int | None = None
    recipe: str | None = None
    sets: tuple[str, ...] = ()


@dataclass(frozen=True)
class PerturbResult:
    """What the folder holds now; `made` of the `masks` were made by this call.

    redrawn: draws refused, by reason. relaxed: masks taken in spite of a flaw, by flaw.
    diversity: of the new masks, of flips, scalings and shifts alone, and of the training
        masks themselves, against val; None without enough val masks.
    """

    out: Path
    masks: int
    made: int
    sources: int
    empty: int
    redrawn: dict[str, int]
    relaxed: dict[str, int]
    kinds: dict[str, int]
    diversity: dict[str, Diversity] | None
    contact_sheet: Path


def perturb(config: PerturbConfig, report: Report) -> PerturbResult:
    """Plan and write masks until `out` holds n.

    Raises:
        UsageError: a wrong option, or `out` holds something else.
        InputError: the data are damaged, or hold no mask to begin with.
        NothingAcceptableError: masks.on_implausible is "stop", and nothing believable came.
        InterruptedRunError: stopped by Ctrl-C.
    """
    if config.n < 1:
        raise UsageError(f"--n must be at least 1, not {config.n}.")
    refuse_other_sets("perturb", config.sets, SETTABLE)
    recipe = load_recipe(config.recipe, config.sets)
    seed = recipe.seed if config.seed is None else config.seed
    if seed < 0:
        raise UsageError(f"--seed must be at least 0, not {seed}.")
    folder = MaskFolder(config.out)
    folder.refuse_strangers()
    index = build_index(config.data, recipe.data, recipe.seed, report, least_pairs=1)
    with folder.lock():
        folder.refuse_other(index, recipe, seed, config.n)
        sources = SourceMasks(index)
        planner = Planner(sources, resolved_masks(recipe.masks, index), seed, folder.entries())
        before = planner.length
        write_missing(folder, planner, index, recipe, config.n, report)
        sheet = folder.path / "contact_sheet.png"
        write_png(sheet, mask_sheet(index, list(folder.spread(config.n)), folder.read))
    return _result(config, folder, planner, index, before, sheet, report)


def write_missing(
    folder: MaskFolder, planner: Planner, index: DataIndex, recipe: Recipe, n: int, report: Report
) -> None:
    """Write the masks that the folder lacks to have n, a batch at a time."""
    batch: list[tuple[PlanEntry, Mask]] = []
    with asked_to_stop() as stop:
        for planned in planner.until(n):
            batch.append((planned.entry, planned.mask))
            if len(batch) == BATCH or planned.entry.index == n - 1 or stop():
                folder.add(batch, index, recipe, planner.seed)
                report(planner.length, n, "planning")
                batch = []
            if stop() and planner.length < n:
                raise InterruptedRunError(
                    f"stopped with {planner.length} of {n} masks.",
                    "The same command goes on with it.",
                )


def _result(
    config: PerturbConfig,
    folder: MaskFolder,
    planner: Planner,
    index: DataIndex,
    before: int,
    sheet: Path,
    report: Report,
) -> PerturbResult:
    entries = list(folder.entries())
    looks = planner.acceptance.looks
    return PerturbResult(
        config.out,
        len(entries),
        len(entries) - before,
        len(looks),
        sum(not looks[entry.source].classes for entry in entries),
        dict(count_redraws(entries).most_common()),
        dict(count_relaxed(entries).most_common()),
        dict(sorted(Counter(kind for entry in entries for kind in entry.kinds).items())),
        measure_diversity(planner, folder, index, len(entries), report),
        sheet,
    )
