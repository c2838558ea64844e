"""How the samples score at each gate, beside what real images reach."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from markupsafe import Markup

from medsynth.workflows.report.chart_histogram import histogram
from medsynth.workflows.report.gates import GateScores

REAL = {"real_mean_dice": "real, mean", "real_median": "real, median"}
"""Values of a gate's calibration that a chart can show, by their key."""


def gate_charts(
    gates: Mapping[str, GateScores], calibration: Mapping[str, Mapping[str, Any]]
) -> dict[str, Markup]:
    """Return gate -> the histogram of its scores, with its threshold and real images' mean."""
    charts = {}
    for name, found in sorted(gates.items()):
        about = calibration.get(name, {})
        real = {said: float(about[key]) for key, said in REAL.items() if key in about}
        marked = {"threshold": found.threshold, **real}
        charts[name] = histogram(found.scores, marked, f"Score at the gate “{name}”")
    return charts
