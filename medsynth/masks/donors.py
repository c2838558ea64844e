"""Choosing objects of other source masks."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask
from medsynth.masks.objects import find_objects
from medsynth.masks.perturbation import DrawContext


def pick_donor(
    rng: np.random.Generator,
    context: DrawContext,
    max_tries: int,
    *,
    allow_cut: bool = False,
    classes: frozenset[int] | None = None,
) -> tuple[str, int] | None:
    """Return another source mask's id and the number of one of its objects, or None.

    Args:
        rng: the source of randomness.
        context: what is drawn for; its own source mask is no donor.
        max_tries: masks looked at before giving up.
        allow_cut: also take objects that the frame cuts.
        classes: only objects with exactly these classes.
    """
    if not context.source_ids:
        return None
    for _ in range(max_tries):
        donor = context.source_ids[int(rng.integers(len(context.source_ids)))]
        if donor == context.mask_id:
            continue
        number = pick_object(rng, context.sources[donor], allow_cut, classes)
        if number is not None:
            return donor, number
    return None


def pick_object(
    rng: np.random.Generator, mask: Mask, allow_cut: bool, classes: frozenset[int] | None
) -> int | None:
    """Return the number of a random object of a mask, or None where none will do."""
    found, count = find_objects(mask)
    usable = np.arange(1, count + 1)
    if not allow_cut:
        usable = np.setdiff1d(usable, on_frame(found))
    if not len(usable):
        return None
    number = int(rng.choice(usable))
    alike = classes is None or classes_of(mask, found, number) == classes
    return number if alike else None


def classes_of(mask: Mask, objects: NDArray[np.int32], number: int) -> frozenset[int]:
    """Return the classes of one object."""
    return frozenset(np.unique(mask.labels[objects == number]).tolist())


def on_frame(found: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the numbers of the objects that touch the picture's frame (and perhaps 0)."""
    return np.unique(np.concatenate([found[0], found[-1], found[:, 0], found[:, -1]]))
