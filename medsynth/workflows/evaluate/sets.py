"""The images that an evaluation compares, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from medsynth.core.errors import InputError
from medsynth.core.types import Mask, Split
from medsynth.data.records import DataIndex
from medsynth.io.runs import Run
from medsynth.quality.gates.gate import Groups, Pairs
from medsynth.store.samples import SampleStore
from medsynth.workflows.gates import load_labelled

LEAST = 10
ToldMask = tuple[Mask, Mapping[str, str]]
"""A mask, and what the CSV files say of the pair that it derives from."""


@dataclass(frozen=True, eq=False)
class EvaluatedSets:
    """What is compared with what.

    train: the real pairs that the generator was fitted on.
    held_out: real pairs of other groups, of test, or of val where test has too few.
    made: the synthetic pairs. sample_ids: theirs.
    split: of `held_out`.
    """

    train: Pairs
    held_out: Pairs
    made: Pairs
    sample_ids: tuple[str, ...]
    train_ids: tuple[str, ...]
    split: Split


def read_sets(run: Run, index: DataIndex, most: int) -> EvaluatedSets:
    """Read them.

    Raises:
        InputError: fewer than ten samples or held-out pairs, or a file that changed.
    """
    made, ids = made_pairs(run, index, most)
    if len(made) < LEAST:
        raise InputError(
            f"{run.path} has {len(made)} samples; fewer than {LEAST} say nothing.",
            f"Make some: medsynth augment --n 200 --run {run.path}",
        )
    split: Split = "test" if len(index.split("test")) >= LEAST else "val"
    if len(index.split(split)) < LEAST:
        raise InputError(
            f"{run.path} has fewer than {LEAST} pairs in test, and in val: without real images "
            "that the model never saw, no number here would have a scale, and nobody could tell "
            "whether a patient was memorised.",
            "Fit on data with a split.csv, or with data.val_fraction and data.test_fraction "
            "above 0.",
        )
    train = index.split("train")
    return EvaluatedSets(
        load_labelled(index, train),
        load_labelled(index, index.split(split)),
        made,
        ids,
        tuple(item.id for item in train),
        split,
    )


def made_pairs(run: Run, index: DataIndex, most: int) -> tuple[Pairs, tuple[str, ...]]:
    """Return a run's first samples in memory, and their ids."""
    group_of = {item.id: item.group for item in index.items}
    store = SampleStore(run.samples)
    rows = list(islice((row for row in store.rows() if row.status == "accepted"), most))
    height, width = index.size_hw
    images = np.empty((len(rows), height, width, index.channels), np.uint8)
    labels = np.empty((len(rows), height, width), np.uint8)
    groups: list[frozenset[str]] = []
    for k, row in enumerate(rows):
        sample = store.read(row)
        images[k], labels[k] = sample.image, sample.mask.labels
        groups.append(frozenset(group_of[s] for s in row.lineage.sources if s in group_of))
    return Pairs(images, labels, groups), tuple(row.id for row in rows)


def told_masks(run: Run, index: DataIndex, count: int) -> list[ToldMask]:
    """Return the masks of a run's first samples, instances too, with what their images are told.

    Masks that a user brought along have no source pair to be told as, and are left out.
    """
    told = {item.id: item.attributes for item in index.items}
    store = SampleStore(run.samples)
    derived = (row for row in store.rows() if row.status == "accepted" and row.lineage.sources)
    return [(store.read(row).mask, told[row.lineage.sources[0]]) for row in islice(derived, count)]


def group_names(groups: Groups) -> NDArray[np.str_]:
    """Return one name an image, for resampling by group: those of several are joined."""
    return np.array(["+".join(sorted(each)) or f"#{k}" for k, each in enumerate(groups)])


def classes_shown(labels: NDArray[np.uint8]) -> list[frozenset[int]]:
    """Return the class ids in each mask, without the background."""
    return [frozenset(np.unique(each).tolist()) - {0} for each in labels]
