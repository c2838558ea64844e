"""Real pairs from elsewhere, such as another hospital's, in place of a run's own held-out ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from medsynth.core.errors import InputError, listed
from medsynth.core.words import counted
from medsynth.data.index import DataIndex, build_index
from medsynth.data.options import NONE, DataOptions
from medsynth.data.origins import SYNTHETIC
from medsynth.data.records import Item
from medsynth.data.trained_on import Trained, inherited_pairs
from medsynth.quality.gates.gate import Pairs
from medsynth.workflows.gates import load_labelled
from medsynth.workflows.recipe import Recipe

LEAST = 10
UNSEEN = "the model never saw"
KEPT = ("size", "fit", "mask", "classes", "window", "on_mismatch", "colour", "plugin")
"""What is done with pixels, as at the fit; layout, groups and splits are the data's own."""


@dataclass(frozen=True, eq=False)
class OtherData:
    """Real pairs at the model's geometry, in the run's classes.

    name: of the folder. hash: of what its pairs are and how they are read.
    notes: what to keep in mind about them.
    """

    name: str
    hash: str
    pairs: Pairs
    notes: tuple[str, ...]


class LeftOut(NamedTuple):
    """How many pairs of other data are left out: synthetic, known images, of known groups."""

    synthetic: int
    known: int
    of_groups: int


def read_other_data(
    folder: Path, recipe: Recipe, run: Path, index: DataIndex, *, apart: bool = False
) -> OtherData:
    """Read all real pairs of a folder, whatever their split, but for those the model has seen.

    Args:
        folder: with the other data.
        recipe: of the run, which says what is done with pixels.
        run: the run's folder.
        index: its data.
        apart: leave out the run's val images too, and all pairs of groups that its train or val
            name alike: as a test set has to be.

    Raises:
        InputError: the folder cannot be read, its images or classes are of another kind than
            the run's, or it has fewer than ten pairs that are left.
    """
    other = build_index(folder, options_for(folder, recipe.data), recipe.seed)
    if other.channels != index.channels:
        own, theirs = ("RGB", "grey") if other.channels == 1 else ("grey", "RGB")
        raise InputError(
            f"the run makes {own} images, those of {folder} are {theirs}: sets of different "
            "channels cannot be compared.",
            "Give images of the kind that the run was fitted on.",
        )
    seen: tuple[Trained | Item, ...] = inherited_pairs(run)
    if apart:
        seen += tuple(index.split("val"))
    hashes = {pair.image_sha256 for pair in seen}
    groups = {pair.group for pair in seen}
    real = [item for item in other.items if item.attributes.get("origin") != SYNTHETIC]
    new = [item for item in real if item.image_sha256 not in hashes]
    items = [item for item in new if not (apart and in_named_group(item, groups))]
    if len(items) < LEAST:
        unseen = "are neither in train nor in val, nor of their groups" if apart else UNSEEN
        raise InputError(
            f"{folder} has {counted(len(items), 'pair')} that {unseen}; fewer than "
            f"{LEAST} say nothing.",
            "Give a folder with more pairs of other patients.",
        )
    known = replace(other, items=tuple(items))
    pairs = in_classes_of(index, known, load_labelled(known, items), folder)
    left_out = LeftOut(len(other.items) - len(real), len(real) - len(new), len(new) - len(items))
    why = "the run has them in train or val" if apart else "the model was fitted on them"
    notes = _notes(known, left_out, why, groups, folder)
    return OtherData(folder.resolve().name, known.hash, pairs, tuple(notes))


def in_named_group(item: Item, groups: set[str]) -> bool:
    """Tell whether a pair's group is among these; its own name, as it has without one, is none."""
    own = (item.id, Path(item.image).stem)
    return item.group not in own and item.group in groups


def options_for(folder: Path, own: DataOptions) -> DataOptions:
    """Return the options that other data is read with."""
    taken = {name: getattr(own, name) for name in KEPT}
    named = own.images is not None and own.masks is not None
    if named and all((folder / str(each)).is_dir() for each in (own.images, own.masks)):
        taken |= {"images": own.images, "masks": own.masks}
    return DataOptions(**taken, split_file=NONE)


def in_classes_of(index: DataIndex, other: DataIndex, pairs: Pairs, folder: Path) -> Pairs:
    """Return pairs with the class ids of a run, by name.

    Raises:
        InputError: the other data has a class that the run does not know.
    """
    ids = {each.name: each.id for each in index.classes} | {other.classes[0].name: 0}
    strange = [each.name for each in other.classes if each.name not in ids]
    if strange:
        raise InputError(
            f"{folder} has classes that the run does not know: {listed(strange)}.",
            f"The run's are {listed(each.name for each in index.classes if each.id)}. Name them "
            f"alike in {folder / 'classes.json'}.",
        )
    table = np.array([ids[each.name] for each in other.classes], np.uint8)
    return Pairs(pairs.images, table[pairs.labels], pairs.groups)


def _notes(
    other: DataIndex, left_out: LeftOut, why: str, groups: set[str], folder: Path
) -> Iterator[str]:
    """Yield what to keep in mind about other data.

    Args:
        other: its pairs that are left.
        left_out: how many are not.
        why: known images are left out.
        groups: that are known.
        folder: where the data lies.
    """
    items = other.items
    of = f"of the {counted(len(items) + sum(left_out), 'pair')} of {folder.name}."
    rename = " If these are other patients, give their groups other names."
    for count, reason, hint in (
        (left_out.synthetic, "they are synthetic", ""),
        (left_out.known, why, ""),
        (left_out.of_groups, "train or val name their groups alike", rename),
    ):
        if count:
            yield f"left out, for {reason}: {count} {of}{hint}"
    height, width = other.size_hw
    small = sum(item.source_hw[0] < height or item.source_hw[1] < width for item in items)
    if small:
        yield (
            f"{small} of the {len(items)} real images are smaller than {width}x{height}, the "
            "model's size, and were enlarged: they look softer than they would."
        )
    shared = {item.group for item in items if in_named_group(item, groups)}
    if shared:
        yield (
            f"{folder.name} and the training data name {counted(len(shared), 'group')} alike "
            f"({listed(sorted(shared), 3)}): if these are the same patients, the real images are "
            "no scale for copies."
        )
