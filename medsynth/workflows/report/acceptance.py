"""What became of the mask plan: accepted, refused and made again, given up; and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from medsynth.quality.gates.gate import GATES
from medsynth.store.manifest import ManifestRow
from medsynth.workflows.report.words import number, percent


@dataclass(frozen=True, slots=True)
class GateScores:
    """What one gate measured of the samples that were kept.

    passed: how many reached the threshold.
    """

    scores: list[float]
    threshold: float
    passed: int


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Counts over a manifest.

    refused: images by the gate that refused them. reasons: masks given up, by the gate that
    refused their last image. gates: by name.
    """

    accepted: int
    given_up: int
    refused: Mapping[str, int]
    reasons: Mapping[str, int]
    gates: Mapping[str, GateScores]

    @property
    def images(self) -> int:
        """How many images were made."""
        return self.accepted + sum(self.refused.values())


def acceptance_of(rows: Iterable[ManifestRow]) -> Acceptance:
    """Count what became of the entries of a plan."""
    refused: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    scores: dict[str, list[float]] = {}
    passed: Counter[str] = Counter()
    thresholds: dict[str, float] = {}
    accepted = 0
    for row in rows:
        told = row.lineage.gates
        refused.update(str(each["gate"]) for each in told.get("refused", ()))
        if row.status != "accepted":
            reasons[row.reason or "unknown"] += 1
            continue
        accepted += 1
        for name, verdict in told.get("verdicts", {}).items():
            scores.setdefault(name, []).append(verdict["score"])
            thresholds[name] = verdict["threshold"]
            passed[name] += verdict["passed"]
    gates = {name: GateScores(scores[name], thresholds[name], passed[name]) for name in scores}
    return Acceptance(accepted, reasons.total(), refused, reasons, gates)


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


def gate_lines(found: Acceptance, modes: Mapping[str, str]) -> list[GateLine]:
    """Return a line a gate that is on, or was when an image was refused."""
    names = sorted({*modes, *found.gates, *found.refused})
    return [_line(name, found, modes.get(name, "off")) for name in names]


def _line(name: str, found: Acceptance, mode: str) -> GateLine:
    known = name in GATES.names()
    scores = found.gates.get(name)
    return GateLine(
        name,
        GATES.get(name).summary if known else "a plugin's, which is not installed here",
        {"enforce": "refuses", "score": "only measures"}.get(mode, "off now"),
        number(scores.threshold) if scores else "–",
        f"{found.refused.get(name, 0):,}",
        f"{found.reasons.get(name, 0):,}",
        f"{scores.passed:,} ({percent(scores.passed / len(scores.scores))})" if scores else "–",
    )
