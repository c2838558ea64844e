"""Which samples are exported: all, synthetic only, or synthetic up to a ratio."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Literal

from pydantic import Field

from medsynth.core.errors import UsageError
from medsynth.core.options import Options
from medsynth.core.types import SPLITS
from medsynth.exporters.export_set import Row


class ChoiceOptions(Options):
    """Which samples are exported; holds for every format."""

    synthetic_only: bool = False
    """Only synthetic pairs: no real image leaves the run, so there is no val and no test."""

    ratio: float | None = Field(default=None, ge=0)
    """At most so many synthetic pairs for each real pair of train; 0 = real only, null = all."""

    geometry: Literal["model", "original"] = "model"
    """original: real pairs at the size of their files, synthetic ones as they are; not hdf5."""


def choose(rows: Iterable[Row], options: ChoiceOptions) -> tuple[Row, ...]:
    """Return the rows to export: train, val, test; in each the real ones, then by id.

    Under a ratio the synthetic rows with the smallest ids stay, that is the first of the plan.

    Raises:
        UsageError: the two options leave nothing.
    """
    if options.synthetic_only and options.ratio == 0:
        raise UsageError(
            "export.synthetic_only=true and export.ratio=0 leave nothing to export.",
            "Drop one of the two.",
        )
    ordered = sorted(rows, key=lambda row: (SPLITS.index(row.split), row.origin, row.id))
    synthetic = [row for row in ordered if row.origin == "synthetic"]
    if options.ratio is not None:
        real_train = sum(row.origin == "real" and row.split == "train" for row in ordered)
        synthetic = synthetic[: math.floor(options.ratio * real_train)]
    kept = {row.id for row in synthetic}
    return tuple(
        row
        for row in ordered
        if (row.id in kept if row.origin == "synthetic" else not options.synthetic_only)
    )
