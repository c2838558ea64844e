"""What the gates of a run measured, refused, and made it give up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from medsynth.quality.gates.gate import GATES
from medsynth.store.manifest import ManifestRow
from medsynth.workflows.report.words import number, percent

MODES = {"enforce": "refuses", "score": "only measures", "off": "off now"}


@dataclass(slots=True)
class GateScores:
    """What one gate measured of the samples that were kept.

    passed: how many reached the threshold, that of the newest sample.
    """

    threshold: float
    scores: list[float] = field(default_factory=list)
    passed: int = 0

    @property
    def share(self) -> float:
        """The share that passed."""
        return self.passed / len(self.scores)


def gate_scores(rows: Iterable[ManifestRow]) -> dict[str, GateScores]:
    """Return gate -> what it measured."""
    found: dict[str, GateScores] = {}
    for row in rows:
        if row.status != "accepted":
            continue
        for name, verdict in row.lineage.gates.get("verdicts", {}).items():
            scores = found.setdefault(name, GateScores(verdict["threshold"]))
            scores.threshold = verdict["threshold"]
            scores.scores.append(verdict["score"])
            scores.passed += verdict["passed"]
    return found


def reasons(rows: Iterable[ManifestRow]) -> Counter[str]:
    """Return gate -> masks that were given up because it refused their last image."""
    return Counter(row.reason or "unknown" for row in rows if row.status != "accepted")


@dataclass(frozen=True, slots=True)
class GateLine:
    """A gate in the table, in words."""

    name: str
    does: str
    mode: str
    threshold: str
    refused: str
    given_up: str
    passed: str


def gate_lines(
    found: Mapping[str, GateScores],
    refused: Mapping[str, int],
    given_up: Mapping[str, int],
    modes: Mapping[str, str],
) -> list[GateLine]:
    """Return a line a gate that is on, or was when an image was judged.

    Args:
        found: what they measured.
        refused: images that they refused. given_up: masks.
        modes: of those that are on.
    """
    return [
        GateLine(
            name,
            GATES.get(name).summary if name in GATES.names() else "a plugin's, not installed here",
            MODES[modes.get(name, "off")],
            number(found[name].threshold) if name in found else "–",
            f"{refused.get(name, 0):,}",
            f"{given_up.get(name, 0):,}",
            f"{found[name].passed:,} ({percent(found[name].share)})" if name in found else "–",
        )
        for name in sorted({*modes, *found, *refused})
    ]
