"""What to do next with a run."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from medsynth.data.records import DataIndex
from medsynth.exporters.exporter import EXPORTERS
from medsynth.io.runs import Run
from medsynth.workflows.recipe import Recipe


def samples_wanted(recipe: Recipe, index: DataIndex) -> int:
    """Return how many samples to make first: enough for the largest ratio that `prove` compares.

    A run that was given away has no pairs; it gets an image for each of its masks.
    """
    return recipe.prove.samples_wanted(real_pairs(index)) or max(1, len(index.split("train")))


def real_pairs(index: DataIndex) -> int:
    """Return how many training pairs are here with their images."""
    return sum(bool(item.image) for item in index.split("train"))


def after_fit(run: Run, planned: Mapping[str, int], ended: Collection[str]) -> str:
    """Return the command that a run needs before it makes samples; "" where it needs none.

    Args:
        run: the run.
        planned: steps by phase.
        ended: phases that are over.
    """
    if planned["siamese"] and "siamese" not in ended:
        return f"medsynth fit --resume --run {run.path}"
    if planned["base"] and not planned["siamese"]:
        return f"medsynth fit DATA --init-from {run.path}"
    return ""


def after_samples(
    run: Run, recipe: Recipe, index: DataIndex, samples: int, exports: Mapping[str, int | None]
) -> str:
    """Return the command for a fitted run; "" where its samples are exported, judged and proved.

    A run that was given away can be judged against other real pairs, and proves nothing.

    Args:
        run: the run.
        recipe: its own.
        index: its pairs.
        samples: how many it holds.
        exports: as `made_exports` gives them.
    """
    wanted = samples_wanted(recipe, index)
    if not samples:
        return f"medsynth augment --n {wanted} --run {run.path}"
    if None not in exports.values():
        return f"{export_again(exports)} --run {run.path}"
    if not real_pairs(index):
        judged = run.evaluation.is_file()
        return "" if judged else f"medsynth evaluate --real DATA --run {run.path}"
    if samples < wanted:
        return f"medsynth augment --n {wanted} --run {run.path}"
    for verb, figures in (("evaluate", run.evaluation), ("prove", run.verdict)):
        if not figures.is_file():
            return f"medsynth {verb} --run {run.path}"
    return ""


def export_again(exports: Mapping[str, int | None]) -> str:
    """Return the command that exports the samples of now, where no export holds them.

    >>> export_again({}), export_again({"coco": 8, "hdf5": 8})
    ('medsynth export --format coco', 'medsynth export --format coco --overwrite')
    """
    old = [name for name in exports if name in EXPORTERS.names()]
    if not old:
        return "medsynth export --format coco"
    return f"medsynth export --format {'coco' if 'coco' in old else old[0]} --overwrite"
