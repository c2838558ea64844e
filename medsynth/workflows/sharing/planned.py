"""Which planned masks a shared run holds: the plan's own, but none that is too like a real one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice

from medsynth.core.errors import InputError
from medsynth.core.keys import key_of
from medsynth.core.types import Mask
from medsynth.data.records import DataIndex
from medsynth.io.runs import Run
from medsynth.masks.fingerprint import mask_sha256
from medsynth.masks.options import MaskOptions
from medsynth.masks.plan import Planner
from medsynth.masks.plan_entry import PlanEntry
from medsynth.masks.render import render
from medsynth.store.journal import Journal
from medsynth.workflows.source_masks import SourceMasks, resolved_masks

USUAL = 1000
"""Masks that a shared run holds where nobody says how many, and no more were planned."""
TOO_LIKE_REAL = 0.95
"""IoU with a real mask, once aligned and flipped; what is above never leaves the run."""
PATIENCE = 4
"""Draws for each mask that is asked for; a policy that needs more changes hardly anything."""
Report = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True, eq=False)
class SharedMask:
    """A planned mask that may leave the run.

    entry: its place in the plan; source, steps and reasons for redrawing are gone.
    likeness: IoU with the most similar real mask, once aligned and flipped.
    attributes: what the CSV files say of the pair that it was made from.
    """

    entry: PlanEntry
    mask: Mask
    likeness: float
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class SharedMasks:
    """The masks of a shared run, in the plan's order; how many were held back for likeness."""

    masks: tuple[SharedMask, ...]
    held_back: int


def choose_masks(
    run: Run, options: MaskOptions, index: DataIndex, seed: int, n: int | None, report: Report
) -> SharedMasks:
    """Return the first n masks of a run's plan, drawn anew where it does not reach so far.

    The place of one that is too like a real mask is taken by one from beyond the n-th; all
    others stand where they stand in the plan. The run itself is not changed.

    Args:
        run: its plan, if it has one.
        options: its mask policy.
        index: its data; without training pairs there are no masks.
        seed: of the plan.
        n: how many; None for all that were planned, at least `USUAL`.
        report: progress, in masks.

    Raises:
        InputError: the policy changes masks too little; or data or plan are damaged.
    """
    items = {item.id: item for item in index.split("train")}
    if not items:
        return SharedMasks((), 0)
    known = [PlanEntry.from_json(row) for row in Journal(run.plan)]
    wanted = max(USUAL, len(known)) if n is None else n
    sources = SourceMasks(index)
    planner = Planner(sources, resolved_masks(options, index), seed, known)
    real = {mask_sha256(mask) for mask in sources.values() if mask.labels.any()}
    limit = min(options.max_iou_with_real, TOO_LIKE_REAL)
    kept: dict[int, SharedMask] = {}
    gaps: list[int] = []
    drawn = 0
    for drawn, (entry, mask) in enumerate(
        islice(_drawn(known, planner, sources), PATIENCE * wanted), start=1
    ):
        likeness = planner.acceptance.likeness(mask)
        good = likeness <= limit and entry.mask_sha256 not in real
        place = entry.index if drawn <= wanted else gaps[0]
        if not good and drawn <= wanted:
            gaps.append(place)
        elif good:
            kept[place] = SharedMask(
                anonymous(entry, place), mask, likeness, items[entry.source].attributes
            )
            if drawn > wanted:
                gaps.pop(0)
        report(len(kept), wanted, "masks")
        if drawn >= wanted and not gaps:
            break
    if len(kept) < wanted:
        raise InputError(
            f"of {drawn} planned masks only {len(kept)} differ from the real ones (IoU up to "
            f"{limit}); {wanted} are asked for.",
            "Let masks.policy change them more and fit again, or ask for fewer: --masks N.",
        )
    return SharedMasks(tuple(kept[k] for k in range(wanted)), drawn - wanted)


def _drawn(
    known: list[PlanEntry], planner: Planner, sources: SourceMasks
) -> Iterator[tuple[PlanEntry, Mask]]:
    """Yield the plan's entries with their masks, without end."""
    for entry in known:
        yield entry, render(entry, sources)
    while True:
        planned = planner.next()
        yield planned.entry, planned.mask


def anonymous(entry: PlanEntry, index: int) -> PlanEntry:
    """Return an entry as of a mask that comes from nowhere, at a place of the plan."""
    return replace(
        entry, index=index, key=key_of(index), source=mask_id(index), steps=(), redrawn=(),
        flaw=None,
    )  # fmt: skip


def mask_id(index: int) -> str:
    """Return the name of a shared mask: its place, and nothing else.

    >>> mask_id(0)
    'm0000001'
    """
    return f"m{index + 1:07d}"
