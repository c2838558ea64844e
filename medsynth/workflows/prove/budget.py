"""How many seeds and steps a proof can afford, planned before it begins."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from medsynth.core.errors import UsageError
from medsynth.core.words import counted
from medsynth.io.atomic import write_bytes
from medsynth.io.json_text import parse_json
from medsynth.io.sealed_lines import sealed, unsealed
from medsynth.workflows.prove.options import ProveOptions

NAME = "budget.json"
LEAST_SEEDS = 3
LEAST_STEPS = 100
OVERHEAD = 1.15
"""Looking at val and test takes about so much on top of the steps."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What was planned.

    seeds: of each arm. steps: of each segmenter. minutes: what it should take, 0 where no limit
    was given. limit: the minutes that were given; None where none were, or where an older version
    planned, which did not keep them.
    """

    seeds: int
    steps: int
    minutes: float
    limit: float | None = None

    @staticmethod
    def read(folder: Path) -> Budget | None:
        """Return what was planned in a folder, or None where nothing was."""
        try:
            return Budget(**parse_json(unsealed((folder / NAME).read_bytes())))
        except (OSError, ValueError, TypeError):
            return None

    def holds_for(self, max_minutes: float | None) -> bool:
        """Return whether it was planned for this limit, as far as it tells."""
        if self.limit is None and self.minutes:
            return max_minutes is not None
        return self.limit == max_minutes

    def write(self, folder: Path) -> None:
        """Fix the plan."""
        write_bytes(folder / NAME, sealed(json.dumps(asdict(self)).encode()))


def plan_within(
    max_minutes: float | None, options: ProveOptions, arms: int, step_s: float
) -> Budget:
    """Return seeds and steps that fit: first fewer seeds, then fewer steps.

    Args:
        max_minutes: None for no limit.
        options: what is wanted.
        arms: how many.
        step_s: seconds of a step.

    Raises:
        UsageError: not even the least fits.
    """
    seeds, steps = options.seeds, options.segmenter.steps
    if max_minutes is None:
        return Budget(seeds, steps, 0.0)
    each = arms * len(options.networks) * step_s * OVERHEAD / 60
    while seeds > min(LEAST_SEEDS, options.seeds) and seeds * steps * each > max_minutes:
        seeds -= 1
    if seeds * steps * each > max_minutes:
        steps = int(max_minutes / (seeds * each))
    if steps < min(LEAST_STEPS, options.segmenter.steps):
        least = seeds * min(LEAST_STEPS, options.segmenter.steps) * each
        raise UsageError(
            f"--max-minutes {max_minutes:g} is too little for {counted(arms, 'arm')} and "
            f"{counted(seeds, 'seed')}; they take {least:.1f} minutes at least.",
            "Allow more, or compare fewer: --set prove.ratios=[1] --set prove.copy_paste=false",
        )
    return Budget(seeds, steps, round(seeds * steps * each, 1), max_minutes)
