"""Choosing objects of other source masks."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask
from medsynth.masks.mirror import cut_sides
from medsynth.masks.nearest import only_label
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
    kinds = kinds_of(mask)
    usable = [k for k, (kind, cut) in kinds.items() if classes in (None, kind) and allow_cut >= cut]
    return usable[int(rng.integers(len(usable)))] if usable else None


@lru_cache(maxsize=4096)
def kinds_of(mask: Mask) -> Mapping[int, tuple[frozenset[int], bool]]:
    """Return object number -> its classes, and whether the frame cuts it; kept for later calls."""
    objects, count = find_objects(mask)
    cut = np.asarray(cut_sides(objects, count).any(axis=1))
    label = only_label(mask.labels)
    if label is not None:
        classes = frozenset({int(label)})
        return {k: (classes, bool(cut[k])) for k in range(1, count + 1)}
    here = objects > 0
    pairs = np.bincount(objects[here].astype(np.int64) * 256 + mask.labels[here])
    of: dict[int, set[int]] = {}
    for pair in np.flatnonzero(pairs).tolist():
        of.setdefault(pair // 256, set()).add(pair % 256)
    return {k: (frozenset(of[k]), bool(cut[k])) for k in range(1, count + 1)}


def classes_of(mask: Mask, objects: NDArray[np.int32], number: int) -> frozenset[int]:
    """Return the classes of one object."""
    label = only_label(mask.labels)
    if label is not None:
        return frozenset({int(label)})
    found = np.bincount(mask.labels[objects == number])
    return frozenset(np.flatnonzero(found).tolist())
