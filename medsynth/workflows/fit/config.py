"""What fit is asked, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class FitConfig:
    """What to fit, and how.

    data: the folder; None on resume.
    recipe: name or file; None for the default.
    run: the run folder; None for a new one, or on resume the latest.
    sets: "a.b=value" on top of the recipe.
    steps: planned Siamese steps T, over the recipe's.
    max_minutes: fix the steps of both phases by measuring the speed first.
    resume: go on with the run.
    init_from: begin with this run's fitted weights.
    device: "cpu", "cuda", "mps"; None for the best there is.
    """

    data: Path | None = None
    recipe: str | None = None
    run: Path | None = None
    sets: tuple[str, ...] = ()
    steps: int | None = None
    max_minutes: float | None = None
    resume: bool = False
    init_from: Path | None = None
    device: str | None = None


@dataclass(frozen=True)
class FitResult:
    """How a fit ended.

    run: its folder; pairs: training pairs; steps: finished ones, by phase; elapsed_s: of this
    call, codec and all; val_loss: of the last checkpoint. base_alone: whether no Siamese phase
    has taught it masks yet. best: checkpoint with the least validation loss, and that loss.
    ended_early: phases that took fewer steps than planned. samples_wanted: how many samples
    `prove` will want.
    """

    run: Path
    pairs: int
    steps: dict[str, int]
    elapsed_s: float
    val_loss: float | None
    warnings: tuple[str, ...] = field(default=())
    base_alone: bool = False
    best: tuple[str, float] | None = None
    ended_early: tuple[str, ...] = ()
    samples_wanted: int = 1
