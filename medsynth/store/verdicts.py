"""How good a sample is by what its gates measured.

`lineage.gates` holds::

    {"attempt": 0,
     "verdicts": {"faithful": {"score": 0.81, "threshold": 0.55, "percentile": 0.34,
                               "passed": true}},
     "refused": [{"attempt": 0, "gate": "faithful", "score": 0.2}]}

where percentile is the share of held-out real images that score lower, None where that is
not known; higher is better.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple


class Worst(NamedTuple):
    """The verdict that a sample is judged by."""

    percentile: float
    gate: str


def worst_verdict(gates: Mapping[str, Any], among: Collection[str] | None = None) -> Worst | None:
    """Return the gate with the least percentile; None where no gate has one.

    The percentile is the sample's quality: worst first and best first go by it, samples
    without one come last, in order of id.

    Args:
        gates: of a sample's lineage.
        among: these gates alone; None: all.

    >>> told = {"verdicts": {"a": {"percentile": 0.5}, "b": {"percentile": 0.2}}}
    >>> worst_verdict(told)
    Worst(percentile=0.2, gate='b')
    >>> worst_verdict(told, ["a"])
    Worst(percentile=0.5, gate='a')
    """
    known = [
        Worst(float(verdict["percentile"]), gate)
        for gate, verdict in verdicts_of(gates).items()
        if (among is None or gate in among) and _is_number(verdict.get("percentile"))
    ]
    return min(known, default=None)


def verdicts_of(gates: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return each gate's verdict, leaving out what has not the form above."""
    verdicts = gates.get("verdicts")
    if not isinstance(verdicts, Mapping):
        return {}
    return {gate: each for gate, each in verdicts.items() if isinstance(each, Mapping)}


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)
