"""Which drawn masks are refused, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from medsynth.core.types import Mask
from medsynth.masks.options import MaskOptions
from medsynth.masks.plan_entry import PlanEntry

VANISHED = "too little foreground left"
CLASS_LOST = "a class was lost"
DUPLICATE = "the same mask as another"


@dataclass(frozen=True, slots=True)
class Content:
    """What a mask holds: pixels of foreground, and the classes there."""

    foreground_px: int
    classes: frozenset[int]


@dataclass(frozen=True, slots=True, order=True)
class Flaw:
    """Why a mask is refused; the lesser of two flaws is the less bad."""

    badness: float
    reason: str


def content_of(mask: Mask) -> Content:
    """Return what the mask holds."""
    areas = np.bincount(mask.labels.ravel(), minlength=256)[1:]
    return Content(int(areas.sum()), frozenset((np.flatnonzero(areas) + 1).tolist()))


def find_flaw(mask: Mask, source: Content, is_duplicate: bool, options: MaskOptions) -> Flaw | None:
    """Return the mask's worst flaw, or None.

    A duplicate is the least bad (its image will still be new), then a lost class, then
    lost foreground, the worse the more was lost.
    """
    now = content_of(mask)
    kept = now.foreground_px / max(1, source.foreground_px)
    if kept < options.min_foreground_fraction_of_source:
        return Flaw(3.0 - kept, VANISHED)
    if options.keep_classes and source.classes - now.classes:
        return Flaw(1.0, CLASS_LOST)
    return Flaw(0.0, DUPLICATE) if is_duplicate else None


def count_redraws(entries: Iterable[PlanEntry]) -> Counter[str]:
    """Return how many draws were refused for each reason."""
    return Counter(reason for entry in entries for reason in entry.redrawn)
