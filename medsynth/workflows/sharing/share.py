"""From a fitted run to one that can be given away, in a folder of its own.

::

    SHARING.md      what is in it, what is not, what it may reveal all the same
    recipe.yaml, run.json, index.json, items.jsonl   as of any run, without names and paths
    given.jsonl     the part of the mask plan that comes with it
    masks/, instances/   its masks
    checkpoints/    codec and averaged weights; nothing to go on fitting from

Files are written that are on this list, from values that are chosen one by one: what a later
version adds to a run stays at home until somebody decides about it here.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from medsynth.data.layout import TOLD
from medsynth.data.records import DataIndex
from medsynth.data.trained_on import own_pairs, read_trained_on
from medsynth.io.atomic import new_folder, write_json, write_text
from medsynth.io.file_batch import file_batch
from medsynth.io.runs import Run
from medsynth.quality.gates.trivial import most_saturated
from medsynth.store.samples import SampleStore
from medsynth.training.checkpoints import Checkpoints, CheckpointState, save_tensors
from medsynth.training.phase import own_tensors
from medsynth.workflows.export.facts import read_evaluation
from medsynth.workflows.gates import load_labelled
from medsynth.workflows.model import (
    CODEC,
    PROMPTS,
    TEACHER,
    Fitted,
    base_sha256,
    check_follows_hints,
    load_fitted,
)
from medsynth.workflows.recipe import Recipe, recipe_names, write_run_recipe
from medsynth.workflows.sharing.mask_files import write_mask
from medsynth.workflows.sharing.measured import measured
from medsynth.workflows.sharing.note import NAME, note
from medsynth.workflows.sharing.planned import SharedMasks, choose_masks, mask_id
from medsynth.workflows.sharing.recipe import shared_recipe
from medsynth.workflows.sharing.told import renamed
from medsynth.workflows.told import Told, write_prompts

Report = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Shared:
    """What was written: how many masks, and how many were held back as too like a real one."""

    masks: int
    held_back: int
    measured: bool


def share(run: Run, recipe: Recipe, out: Path, masks: int | None, report: Report) -> Shared:
    """Write a run without its data.

    Args:
        run: fitted; it is not changed.
        recipe: its recipe.
        out: a folder that is not there yet.
        masks: planned masks that go with it; None for those that were planned, 1000 at least.
        report: progress.

    Raises:
        UsageError: the fit is not finished, or one of the base alone; the recipe holds a path.
        InputError: data, plan or checkpoint are damaged; the masks are too like the real ones.
    """
    index = DataIndex.load(run.path)
    fitted = load_fitted(run, recipe, index, recipe.sampling.checkpoint)
    check_follows_hints(run, fitted)
    first = next(SampleStore(run.samples).rows(), None)
    seed = recipe.seed if first is None else first.lineage.seed
    chosen = choose_masks(run, recipe.masks, index, seed, masks, report)
    told, attributes = renamed(fitted.told, [each.attributes for each in chosen.masks])
    new = shared_recipe(recipe, seed, saturation(index), told)
    evaluation = read_evaluation(run.evaluation)
    facts = {
        **mask_facts(chosen),
        "learned_from": learned_from(run, index),
        "weights_sha256": fitted.sha256,
        "measured": measured(evaluation),
    }
    about = json.loads(run.about.read_text(encoding="utf-8"))
    with new_folder(out) as folder:
        shared = Run(folder)
        write_masks(folder, index, chosen, attributes).save(folder)
        write_weights(shared, fitted, told, new)
        write_json(shared.about, run_facts(about, new, told, fitted, facts))
        write_text(folder / NAME, note(new, index.classes, facts))
        write_run_recipe(shared, new)
    return Shared(len(chosen.masks), chosen.held_back, evaluation is not None)


def saturation(index: DataIndex) -> float:
    """Return the one figure that the gate `trivial` takes from real images, rounded."""
    held_out = index.split("val") or index.split("train")
    return round(most_saturated(load_labelled(index, held_out)), 3)


def mask_facts(chosen: SharedMasks) -> dict[str, Any]:
    """Return how many masks there are, and how like real ones they are, in plain values."""
    likeness = [each.likeness for each in chosen.masks if each.mask.labels.any()]
    at = {"median": 0.5, "95 of 100": 0.95, "most": 1.0} if likeness else {}
    return {
        "masks": len(chosen.masks),
        "held_back": chosen.held_back,
        "iou_with_real": {k: round(float(np.quantile(likeness, q)), 3) for k, q in at.items()},
    }


def learned_from(run: Run, index: DataIndex) -> dict[str, int]:
    """Return on how many pairs, of how many groups, the weights were fitted, ancestors' too."""
    recorded = read_trained_on(run.path)
    pairs = own_pairs(run.path, index) if recorded is None else recorded
    return {"pairs": len(pairs), "groups": len({(pair.run, pair.group) for pair in pairs})}


def write_masks(
    folder: Path, index: DataIndex, chosen: SharedMasks, attributes: Sequence[dict[str, str]]
) -> DataIndex:
    """Write masks and plan; return an index that has the masks for its pairs."""
    coding = replace(index.coding, file_is_instance=False)
    rows, items = [], []
    with file_batch() as write:
        for each, told in zip(chosen.masks, attributes, strict=True):
            name = mask_id(each.entry.index)
            items.append(write_mask(folder, name, each.mask, coding, told, write))
            rows.append(json.dumps(each.entry.to_json()) + "\n")
    write_text(Run(folder).given, "".join(rows))
    return replace(index, root=Path(), items=tuple(items), coding=coding, reader=TOLD, notes=())


def write_weights(shared: Run, fitted: Fitted, told: Told, recipe: Recipe) -> None:
    """Write codec, prompts and one checkpoint: the averaged weights alone, ready to be used."""
    save_tensors(shared.checkpoints / CODEC, fitted.codec.own_state())
    write_prompts(shared.checkpoints / PROMPTS, told)
    tensors = {
        name: tensor
        for name, tensor in own_tensors(fitted.network).items()
        if not name.startswith(TEACHER)
    }
    was, index = fitted.state, DataIndex.load(shared.path)
    state = CheckpointState(
        was.phase, was.step, was.planned, recipe.fit_sha256(index.hash), ended_early=True
    )
    parts = {"weights": tensors, "average": {}, "optimizer": {}}
    Checkpoints(shared.checkpoints).save(state, parts)


def run_facts(
    about: dict[str, Any], recipe: Recipe, told: Told, fitted: Fitted, shared: dict[str, Any]
) -> dict[str, Any]:
    """Return what the new run.json says: of the old one only what is no name and no path."""
    name = about.get("recipe")
    return {
        "versions": about.get("versions", {}),
        "python": platform.python_version(),
        "seed": recipe.seed,
        "labels": list(told.labels),
        "codec_sha256": about.get("codec_sha256"),
        "base_sha256": base_sha256(fitted.network),
        "init_from": None,
        "recipe": name if name in recipe_names() else None,
        "shared": shared,
    }
