"""How often each class occurs, in images and in pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from medsynth.core.types import SPLITS, LabelClass, Split
from medsynth.data.problems import Problem, problem

FEW_PAIRS = 50
"""With fewer pairs the fit is told to be doubtful: the paper's scarce settings have about 100."""
RARE_SHARE = 0.05
SMALL_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class ClassShare:
    """One class's presence.

    pairs: how many pairs have it.
    pixel_share: its share of all mask pixels, 0..1.
    """

    id: int
    name: str
    pairs: int
    pixel_share: float


def class_shares(
    classes: Sequence[LabelClass], pixels: Sequence[Mapping[int, int]]
) -> tuple[ClassShare, ...]:
    """Return each class's presence; `pixels` has class id -> pixels of each pair."""
    total = max(1, sum(sum(mask.values()) for mask in pixels))
    return tuple(
        ClassShare(
            c.id,
            c.name,
            sum(mask.get(c.id, 0) > 0 for mask in pixels),
            round(sum(mask.get(c.id, 0) for mask in pixels) / total, 6),
        )
        for c in classes
    )


def balance_problems(
    classes: Sequence[LabelClass], pixels: Sequence[Mapping[int, int]], splits: Sequence[Split]
) -> list[Problem]:
    """Return classes that are rare, small, or missing from a split."""
    shares = class_shares(classes, pixels)[1:]
    labelled = max(1e-9, sum(share.pixel_share for share in shares))
    rare = [
        f"{s.name} (in {s.pairs} of {len(pixels)} pairs)"
        for s in shares
        if s.pairs < RARE_SHARE * len(pixels)
    ]
    small = [
        f"{s.name} ({100 * s.pixel_share / labelled:.2f} % of the labelled area)"
        for s in shares
        if 0 < s.pixel_share < SMALL_SHARE * labelled
    ]
    missing = [
        f"{c.name} in {split}"
        for split in SPLITS
        for c in classes[1:]
        if split in splits
        and not any(
            mask.get(c.id, 0) for mask, own in zip(pixels, splits, strict=True) if own == split
        )
    ]
    return [
        *problem("rare-class", "warning", "some classes are in fewer than 5 % of the pairs", rare,
                 "Collect more, or ask for quotas of these classes when you augment."),
        *problem("small-class", "note", "some classes hold less than 1 % of the labelled area",
                 small),
        *problem("class-not-in-split", "warning", "some classes are missing from a split", missing,
                 "Move a group with the class into that split."),
    ]  # fmt: skip


def count_problems(count: int, train: int) -> list[Problem]:
    """Return a warning where there are few pairs."""
    if not 1 < count < FEW_PAIRS:
        return []
    what = f"there are only {count} pairs ({train} in train); a fit may learn them by heart"
    tip = f"{FEW_PAIRS} or more are better. Look through the samples for copies of train images."
    return [Problem("few-pairs", "warning", what, count, (), tip)]
