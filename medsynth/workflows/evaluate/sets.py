"""The images that an evaluation compares, in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from medsynth.core.errors import InputError
from medsynth.core.types import Mask, Split
from medsynth.core.words import counted
from medsynth.data.records import DataIndex, Item
from medsynth.io.pixel_array import pixel_array
from medsynth.io.runs import Run
from medsynth.quality.gates.gate import Groups, Pairs
from medsynth.store.samples import SampleStore
from medsynth.workflows.evaluate.unseen import Unseen, unseen_pairs
from medsynth.workflows.gates import load_labelled
from medsynth.workflows.other_data import OtherData

LEAST = 10
NO_ATTACK = (
    "Whether the weights betray whom they were fitted on was not tried: the attack compares pairs "
    "of train with pairs of val and test that the weights never saw, and the run has none of these."
)
ToldMask = tuple[Mask, Mapping[str, str]]
"""A mask, and what the CSV files say of the pair that it derives from."""


@dataclass(frozen=True, eq=False)
class EvaluatedSets:
    """What is compared with what.

    train: the real pairs that the generator was fitted on.
    held_out: real pairs of other groups, of test, or of val where test has too few; or other data.
    unseen: the run's own of val and test.
    made: the synthetic pairs. sample_ids: theirs. made_groups: what each is resampled with.
    held_out_name: the split of `held_out`, or the name of the folder of other data.
    notes: what to keep in mind about these sets.
    """

    train: Pairs
    held_out: Pairs
    unseen: tuple[Item, ...]
    made: Pairs
    made_groups: tuple[str, ...]
    sample_ids: tuple[str, ...]
    train_ids: tuple[str, ...]
    held_out_name: str
    notes: tuple[str, ...] = ()


def read_sets(
    run: Run, index: DataIndex, most: int, other: OtherData | None = None
) -> EvaluatedSets:
    """Read them; `other` takes the place of the run's own held-out pairs.

    Raises:
        InputError: fewer than ten samples or held-out pairs, or a file that changed.
    """
    made, made_groups, ids = made_pairs(run, index, most)
    if len(made) < LEAST:
        raise InputError(
            f"{run.path} has {counted(len(made), 'sample')}; fewer than {LEAST} say nothing.",
            f"Make some: medsynth augment --n 200 --run {run.path}",
        )
    own = unseen_pairs(run, index)
    name, held_out = held_out_pairs(run, index, own) if other is None else (other.name, other.pairs)
    train, unseen = index.split("train"), (*own.val, *own.test)
    notes = (*(other.notes if other else ()), own.note, "" if unseen else NO_ATTACK)
    return EvaluatedSets(
        load_labelled(index, train),
        held_out,
        unseen,
        made,
        made_groups,
        ids,
        tuple(item.id for item in train),
        name,
        tuple(filter(None, notes)),
    )


def held_out_pairs(run: Run, index: DataIndex, own: Unseen) -> tuple[Split, Pairs]:
    """Return the run's own pairs that the generator never saw, and the split that they are of.

    Raises:
        InputError: neither test nor val has enough; says what cannot be judged without.
    """
    split: Split = "test" if len(own.test) >= LEAST else "val"
    items = own.test if split == "test" else own.val
    if len(items) < LEAST:
        raise InputError(
            f"{run.path} has fewer than {LEAST} pairs in test, and in val: without real images "
            "that the model never saw, no number here would have a scale, and nobody could tell "
            "whether a patient was memorised." + (own.note and f" These were {own.note}"),
            "Give such images: medsynth evaluate --real DATA; or fit on data with a split.csv, or "
            "with shares of val and test in data.fractions.",
        )
    return split, load_labelled(index, items)


def made_pairs(
    run: Run, index: DataIndex, most: int
) -> tuple[Pairs, tuple[str, ...], tuple[str, ...]]:
    """Return a run's first samples in memory, the groups to resample them by, and their ids.

    A sample is resampled with the group of its first source, whose mask it has but for objects
    of others: were it a group of its own beside those of its sources, as many combinations as
    there are would look like as many patients, and intervals would be too narrow.

    Raises:
        InputError: a sample has another size or other channels than the run's images.
    """
    group_of = {item.id: item.group for item in index.items}
    store = SampleStore(run.samples)
    rows = list(islice((row for row in store.rows() if row.status == "accepted"), most))
    shape = (*index.size_hw, index.channels)
    images = pixel_array(len(rows), *shape)
    labels = pixel_array(len(rows), *index.size_hw)
    groups: list[list[str]] = []
    for k, row in enumerate(rows):
        sample = store.read(row)
        if sample.image.shape != shape:
            raise InputError(
                f"sample {row.id} is {in_words(sample.image.shape)}, but the run's real images "
                f"are {in_words(shape)}: sets of different sizes or channels cannot be compared.",
                f"Put back the samples that were made by this run in {run.samples}.",
            )
        images[k], labels[k] = sample.image, sample.mask.labels
        groups.append([group_of[s] for s in row.lineage.sources if s in group_of])
    first = tuple(each[0] if each else f"#{k}" for k, each in enumerate(groups))
    pairs = Pairs(images, labels, [frozenset(each) for each in groups])
    return pairs, first, tuple(row.id for row in rows)


def in_words(shape: tuple[int, ...]) -> str:
    """Return the shape of an image as people say it.

    >>> in_words((96, 128, 1))
    '128x96 grey'
    """
    height, width, channels = shape
    return f"{width}x{height} {'grey' if channels == 1 else 'RGB'}"


def told_masks(run: Run, index: DataIndex, count: int) -> list[ToldMask]:
    """Return the masks of a run's first samples, instances too, with what their images are told.

    Masks that a user brought along have no source pair to be told as, and are left out.
    """
    told = {item.id: item.attributes for item in index.items}
    store = SampleStore(run.samples)
    derived = (row for row in store.rows() if row.status == "accepted" and row.lineage.sources)
    return [(store.read(row).mask, told[row.lineage.sources[0]]) for row in islice(derived, count)]


def group_names(groups: Groups) -> NDArray[np.str_]:
    """Return the name of each real image's one group, for resampling."""
    return np.array([min(each) for each in groups], np.str_)


def classes_shown(labels: NDArray[np.uint8]) -> list[frozenset[int]]:
    """Return the class ids in each mask, without the background."""
    return [frozenset(np.unique(each).tolist()) - {0} for each in labels]
