"""How many faults of a kind were tried, and what went wrong."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass
class Tally:
    """One line of the long run's table."""

    kind: str
    tried: int = 0
    faults: list[str] = field(default_factory=list)
    note: str = ""
    began: float = field(default_factory=time.monotonic)
    elapsed_s: float = 0.0

    def add(self, tried: int, faults: Iterable[str]) -> None:
        """Count some more."""
        self.tried += tried
        self.faults += faults
        self.elapsed_s = time.monotonic() - self.began


def table(tallies: Sequence[Tally]) -> str:
    """Return the table, and below it what went wrong."""
    lines = [f"{'kind':<44} {'tried':>8} {'survived':>8} {'seconds':>8}"]
    for tally in tallies:
        survived = tally.tried - min(tally.tried, len(tally.faults))
        line = f"{tally.kind:<44} {tally.tried:>8} {survived:>8} {tally.elapsed_s:>8.0f}"
        lines.append(f"{line}  {tally.note}".rstrip())
    return "\n".join([*lines, *(f"- {fault}" for tally in tallies for fault in tally.faults)])
