"""What the values of a user's masks mean: those of the data's own files, or class ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from medsynth.core.errors import listed
from medsynth.data.colours import value_name
from medsynth.data.records import DataIndex

Values = Literal["data", "ids", "binary"]


def values_in(
    files: Sequence[tuple[str, NDArray[np.int64], bool]], index: DataIndex, prefer_ids: bool
) -> tuple[Values | None, list[str]]:
    """Return what the values of all files mean, or what is wrong with which of them.

    Args:
        files: name, values that occur, whether they are packed colours.
        index: the data: its coding and classes.
        prefer_ids: where both would do, take class ids: medsynth wrote the files.

    Returns:
        "data" for the values of the data's own masks, "ids" for class ids as medsynth writes
        them, "binary" for 0 and any other value where there is one class, None where there are
        faults; and the faults, a sentence each.
    """
    own = {value for value, _ in index.coding.entries}
    ids = {each.id for each in index.classes}
    fits_own = [_within(found, own) and c == index.coding.colour for _, found, c in files]
    fits_ids = [_within(found, ids) and not c for _, found, c in files]
    meanings: list[tuple[Values, bool]] = [("data", all(fits_own)), ("ids", all(fits_ids))]
    if prefer_ids:
        meanings.reverse()
    for meaning, fits in meanings:
        if fits:
            return meaning, []
    if _binary(files, ids):
        return "binary", []
    expected = own if sum(fits_own) >= sum(fits_ids) else ids
    fitting = fits_own if expected is own else fits_ids
    return None, [
        f"{name} {_strange(found, colour, expected, index)}"
        for (name, found, colour), fits in zip(files, fitting, strict=True)
        if not fits
    ]


def _binary(files: Sequence[tuple[str, NDArray[np.int64], bool]], ids: set[int]) -> bool:
    """Return whether all files hold 0 and one other value, of one class, as DATA may."""
    found = set[int]().union(*(values.tolist() for _, values, _ in files))
    return len(ids) == 2 and len(found) == 2 and 0 in found and not any(c for *_, c in files)


def _within(found: NDArray[np.int64], known: set[int]) -> bool:
    return set(found.tolist()) <= known


def _strange(found: NDArray[np.int64], colour: bool, expected: set[int], index: DataIndex) -> str:
    names = ", ".join(f"{each.id} {each.name}" for each in index.classes)
    if colour != index.coding.colour:
        return f"is {'coloured' if colour else 'grey'}, unlike the data's own (classes: {names})"
    unknown = sorted(set(found.tolist()) - expected)
    known = listed((value_name(value, colour) for value in sorted(expected)), 10)
    strange = listed(value_name(value, colour) for value in unknown)
    return (
        f"holds the unknown value{'s'[: len(unknown) != 1]} {strange} "
        f"(known: {known}; classes: {names})"
    )
