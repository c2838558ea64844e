"""show: what a run holds, how far it is, what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medsynth.core.errors import InputError
from medsynth.core.types import SPLITS
from medsynth.data.records import DataIndex
from medsynth.io.runs import Run, find_run
from medsynth.store.samples import SampleStore
from medsynth.workflows.export.made import made_exports
from medsynth.workflows.next_step import after_fit, after_samples
from medsynth.workflows.recipe import Recipe, read_run_recipe


@dataclass(frozen=True)
class RunSummary:
    """What a run holds.

    progress: finished steps by phase; planned: planned ones; ended: phases that are over.
    last_log: the newest figures of the fit.
    report: what evaluate and prove have found, as a page; None where there is none.
    shards: how far those are that were not merged; empty without any.
    stale: exports that do not hold the samples of now, and of how many they were made.
    next: the command to run next; empty where all was done.
    """

    run: Path
    data: Path
    pairs: dict[str, int]
    classes: list[str]
    model: str
    progress: dict[str, int]
    planned: dict[str, int]
    ended: list[str]
    last_log: dict[str, Any]
    samples: int
    given_up: int
    shards: str
    exports: list[str]
    stale: dict[str, int]
    next: str
    report: Path | None
    masks: int
    """Planned masks that came with a run that was given away; such a run has no pairs."""


def show(path: Path | None) -> RunSummary:
    """Look at a run; None is the latest.

    Raises:
        UsageError: there is no such run.
        InputError: it is damaged.
    """
    from medsynth.training.checkpoints import Checkpoints
    from medsynth.training.log import read_log

    run = find_run(path)
    recipe = read_run_recipe(run)
    index = DataIndex.load(run.path)
    states = Checkpoints(run.checkpoints).states()
    planned = {"base": recipe.base.steps, "siamese": recipe.siamese.steps}
    progress = {"base": 0, "siamese": 0}
    for state in states:
        progress[state.phase] = max(progress[state.phase], state.step)
    if states and states[0].phase == "siamese":  # a run that was given away has no other checkpoint
        progress["base"] = states[0].planned["base"]
    ended = list(dict.fromkeys(state.phase for state in states if state.ended))
    store = SampleStore(run.samples)
    exports = made_exports(run, store)
    shards, after_shards = unmerged(run, store)
    log = read_log(run.log)
    size = recipe.data.size_hw
    return RunSummary(
        run.path,
        index.root,
        {split: sum(bool(item.image) for item in index.split(split)) for split in SPLITS},
        [each.name for each in index.classes],
        f"{recipe.model.backbone}, {source_of_latents(recipe)}, {size[0]}x{size[1]}",
        progress,
        planned,
        ended,
        log[-1] if log else {},
        store.count("accepted"),
        store.count("given-up"),
        shards,
        list(exports),
        {name: of for name, of in exports.items() if of is not None},
        after_shards
        or after_fit(run, planned, ended)
        or after_samples(run, recipe, index, len(store), exports),
        run.report if run.report.is_file() else None,
        sum(not item.image for item in index.items),
    )


def unmerged(run: Run, store: SampleStore) -> tuple[str, str]:
    """Return how far a run's shards are, and the command to run next; empty without any."""
    from medsynth.workflows.shards.opening import open_set, shard_folders

    folders = shard_folders(run)
    if not folders:
        return "", ""
    try:
        opened = open_set(run, folders)
    except InputError as error:
        return error.what, f"medsynth merge --run {run.path} SHARD..."
    facts, lacks = opened.facts, opened.lacks(store)
    done = facts.blocks - sum(map(len, lacks.values()))
    shown = f"{len(folders)} of {opened.count}; {done} of {facts.blocks} blocks"
    if opened.end(store) is None:
        return shown, facts.again(min(lacks), run)
    return shown, f"medsynth merge --run {run.path}"


def source_of_latents(recipe: Recipe) -> str:
    """Return what images become latents by, in words."""
    if recipe.model.backbone == "stable-diffusion":
        return f"base {recipe.model.stable_diffusion.base}"
    return f"codec {recipe.model.codec.name}"
