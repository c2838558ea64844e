"""Nested classes: those that lie inside another, as a nucleus in its cytoplasm.

A class is nested where nearly all that touches it is one other class: then the two move
together, and operators that change single shapes keep the inner within the outer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from medsynth.core.errors import UsageError, did_you_mean
from medsynth.core.types import LabelClass, Mask

Nested = Mapping[int, int]
"""Inner class id -> the class id that it lies in."""

LEAST_CONTAINMENT = 0.8
"""Share of a class's outline that must lie against its parent: real nuclei touch the cell's rim."""


def find_nesting(masks: Iterable[Mask], least_containment: float = LEAST_CONTAINMENT) -> Nested:
    """Return which classes lie inside which, from the masks' outlines taken together.

    Two classes that would each lie in the other (halves of a full picture) lie in neither.
    """
    contacts = np.zeros((256, 256), np.int64)
    for mask in masks:
        contacts += count_contacts(mask.labels)
    outline = np.maximum(contacts.sum(axis=1), 1)
    within = contacts[:, 1:] / outline[:, None] >= least_containment
    found = {int(child): int(np.argmax(row)) + 1 for child, row in enumerate(within) if row.any()}
    return {
        child: parent
        for child, parent in found.items()
        if child != 0 and found.get(parent) != child
    }


def count_contacts(labels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return (256, 256) int64: how often class a lies beside class b, over 4-neighbours."""
    contacts = np.zeros((256, 256), np.int64)
    for here, there in ((labels[1:], labels[:-1]), (labels[:, 1:], labels[:, :-1])):
        differ = here != there
        pairs = here[differ].astype(np.int64) * 256 + there[differ]
        contacts += np.bincount(pairs, minlength=256 * 256).reshape(256, 256)
    return contacts + contacts.T


def resolve_nesting(
    asked: Literal["auto"] | Mapping[str, str], classes: Iterable[LabelClass]
) -> Literal["auto"] | dict[str, str]:
    """Return `masks.nested` with class ids in place of names; ids may be given as they are.

    Raises:
        UsageError: a name that no class has.
    """
    if asked == "auto":
        return "auto"
    ids = {each.name: str(each.id) for each in classes}
    return {class_id(inner, ids): class_id(outer, ids) for inner, outer in asked.items()}


def class_id(name: str, ids: Mapping[str, str]) -> str:
    """Return the id of a class as text, from its name or that text itself."""
    if name in ids.values():
        return name
    if name not in ids:
        raise UsageError(f"masks.nested: there is no class '{name}': {did_you_mean(name, ids)}")
    return ids[name]


def nesting_of(asked: Literal["auto"] | Mapping[str, str], masks: Iterable[Mask]) -> Nested:
    """Return the nesting asked for, by ids, or for "auto" that of the masks.

    Raises:
        UsageError: a class is not given by its id, see `resolve_nesting`, or lies in itself.
    """
    if asked == "auto":
        return find_nesting(masks)
    strange = [name for pair in asked.items() for name in pair if not name.isdecimal()]
    if strange:
        raise UsageError(f"masks.nested: there is no class '{strange[0]}'.", "Give its id.")
    nested = {int(inner): int(outer) for inner, outer in asked.items()}
    circular = [inner for inner in nested if inner in ancestors(inner, nested)]
    if circular:
        raise UsageError(f"masks.nested: class {circular[0]} would lie within itself.")
    return nested


def ancestors(label: int, nested: Nested) -> list[int]:
    """Return the classes around a class, nearest first.

    >>> ancestors(3, {3: 2, 2: 1})
    [2, 1]
    """
    found: list[int] = []
    while label in nested and nested[label] not in found:
        label = nested[label]
        found.append(label)
    return found


def as_pairs(nested: Nested) -> list[list[int]]:
    """Return the nesting as plain values for a step; `dict` of them is the nesting again."""
    return [[inner, nested[inner]] for inner in sorted(nested)]
