"""Which samples are exported: all, synthetic only, or the best synthetic ones within caps."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Literal

from pydantic import Field

from medsynth.core.errors import UsageError
from medsynth.core.options import Options
from medsynth.core.types import SPLITS
from medsynth.core.words import counted
from medsynth.exporters.export_set import Row
from medsynth.exporters.picking import best_first, picked, places_by_classes


class ChoiceOptions(Options):
    """Which samples are exported; holds for every format."""

    synthetic_only: bool = False
    """Only synthetic pairs: no real image leaves the run, so there is no val and no test."""

    ratio: float | None = Field(default=None, ge=0, allow_inf_nan=False)
    """At most so many synthetic pairs for each real pair of train; 0 = real only, null = all."""

    max_per_source: int | None = Field(default=None, ge=1)
    """At most so many synthetic pairs of one source mask; null = no cap."""

    order: Literal["best", "plan"] = "best"
    """Which synthetic pairs come first where not all are taken: the `best` by the figures of the
    gates that refuse, and those without any last; or those of the `plan`, so that a smaller set is
    a fair part of a larger one."""

    stratify: Literal["class"] | None = None
    """class: each combination of classes that real pairs of train show gets its share of the
    places under export.ratio (or of all synthetic pairs) and no more, combinations that no real
    pair shows get none; places for which too few pairs were made stay empty."""

    reject: Path | None = None
    """A text file of samples that you have thrown out: one id a line, "#" for comments."""

    geometry: Literal["model", "original"] = "model"
    """original: real pairs at the size of their files, synthetic ones as they are; not hdf5."""


DECIDING = {"synthetic_only", "ratio", "max_per_source", "stratify", "reject"}
"""Options that may leave pairs out."""


def choose(
    rows: Iterable[Row], options: ChoiceOptions, rejected: frozenset[str] = frozenset()
) -> tuple[Row, ...]:
    """Return the rows to export: train, val, test; in each the real ones, then by id.

    Args:
        rows: all there are; under `stratify` with their classes.
        options: what to choose.
        rejected: ids of synthetic rows that are left out.
    """
    ordered = sorted(rows, key=lambda row: (SPLITS.index(row.split), row.origin, row.id))
    left = [row for row in ordered if row.origin == "synthetic" and row.id not in rejected]
    train = real_of_train(ordered)
    most = None if options.ratio is None else asked_for(options.ratio, len(train))
    places = None
    if options.stratify and train:
        places = places_by_classes(train, len(left) if most is None else min(most, len(left)))
    first = best_first(left) if options.order == "best" else left
    kept = {row.id for row in picked(first, most, options.max_per_source, places)}
    return tuple(
        row
        for row in ordered
        if (row.id in kept if row.origin == "synthetic" else not options.synthetic_only)
    )


def real_of_train(rows: Iterable[Row]) -> list[Row]:
    """Return the real rows of train."""
    return [row for row in rows if row.origin == "real" and row.split == "train"]


def asked_for(ratio: float, train: int) -> int:
    """Return how many synthetic pairs a ratio to real pairs of train comes to.

    >>> asked_for(0.29, 100)
    29
    """
    return math.floor(Fraction(str(ratio)) * train)


def refuse_nothing(rows: Sequence[Row], options: ChoiceOptions) -> None:
    """Refuse a choice that has nothing in it.

    Raises:
        UsageError: these options left nothing.
    """
    if rows:
        return
    told = options.model_dump(mode="json", include=DECIDING, exclude_defaults=True)
    said = ", ".join(f"export.{key}={json.dumps(value)}" for key, value in told.items())
    raise UsageError(
        f"nothing is left to export{said and f' with {said}'}.",
        "Take one of these options back." if told else "Make samples: medsynth augment --n 100",
    )


def choice_notes(
    options: ChoiceOptions,
    rows: Sequence[Row],
    samples: Sequence[Row],
    rejected: frozenset[str],
) -> list[str]:
    """Return in sentences what was chosen: thrown out, capped, and by what order.

    Args:
        options: by which it was chosen.
        rows: what `choose` returned.
        samples: all synthetic rows there were.
        rejected: ids that were thrown out.
    """
    notes = []
    if options.reject is not None:
        notes.append(f"Thrown out by export.reject: {counted(len(rejected), 'sample')}.")
    left = [row for row in samples if row.id not in rejected]
    taken = sum(row.origin == "synthetic" for row in rows)
    if taken < len(left) and options.ratio != 0:
        scored = options.order == "best" and any(row.quality is not None for row in left)
        order = "the best by their gates' figures" if scored else "the first of the plan"
        caps = [
            f"export.{name}={getattr(options, name)}"
            for name in ("ratio", "max_per_source", "stratify")
            if getattr(options, name) is not None
        ]
        notes.append(
            f"{taken} of {len(left)} synthetic pairs are in it, {order} within {', '.join(caps)}."
        )
    return [*notes, *_too_few(options, real_of_train(rows), taken, left, len(rejected))]


def _too_few(
    options: ChoiceOptions, train: Sequence[Row], taken: int, left: Sequence[Row], rejected: int
) -> list[str]:
    """Return a sentence where a ratio asks for more than there is.

    An export of synthetic pairs alone does not tell it: it lists no real pairs to count.
    """
    asked = 0 if options.ratio is None else asked_for(options.ratio, len(train))
    if taken >= asked:
        return []
    said = f"export.ratio={options.ratio:g} asked for {asked} synthetic pairs, there are"
    if taken == len(left):
        return [f"{said} {taken}: medsynth augment --n {asked + rejected}"]
    return [f"{said} {len(left)}, of which the other caps leave {taken}."]
