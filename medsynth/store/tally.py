"""Counts of what became of some entries of the plan."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from medsynth.store.manifest import ManifestRow
from medsynth.store.verdicts import verdicts_of


@dataclass(slots=True)
class Tally:
    """What became of some entries of the plan.

    entries: how many there are, accepted or given up.
    drawn: images drawn for them, a redraw counted each time.
    accepted, given_up: entries by outcome.
    refused: how often each gate refused an image; one image may be refused by several.
    below: accepted images that fall short of the threshold of a gate that only scores.
    """

    entries: int = 0
    drawn: int = 0
    accepted: int = 0
    given_up: int = 0
    refused: dict[str, int] = field(default_factory=dict)
    below: dict[str, int] = field(default_factory=dict)

    def note(self, row: ManifestRow) -> None:
        """Count one row of the manifest."""
        refused = row.lineage.gates.get("refused") or ()
        self.entries += 1
        self.drawn += _drawn(row)
        self.accepted += row.status == "accepted"
        self.given_up += row.status == "given-up"
        _count_in(self.refused, Counter(str(each["gate"]) for each in refused))
        if row.status == "accepted":
            verdicts = verdicts_of(row.lineage.gates)
            _count_in(self.below, {k: 1 for k, v in verdicts.items() if v.get("passed") is False})

    def add(self, other: Tally) -> None:
        """Count in what another tally has counted."""
        self.entries += other.entries
        self.drawn += other.drawn
        self.accepted += other.accepted
        self.given_up += other.given_up
        _count_in(self.refused, other.refused)
        _count_in(self.below, other.below)


def _count_in(total: dict[str, int], counts: Mapping[str, int]) -> None:
    for gate, count in counts.items():
        total[gate] = total.get(gate, 0) + count


def _drawn(row: ManifestRow) -> int:
    """Return how many images an entry took; attempts count from 0."""
    gates = row.lineage.gates
    last = [int(each.get("attempt", 0)) for each in gates.get("refused") or ()]
    return 1 + max(*last, int(gates.get("attempt") or 0), 0)
