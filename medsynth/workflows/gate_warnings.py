"""What the gates of a run say of themselves: that one of them cannot judge."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from medsynth.io.runs import Run
from medsynth.workflows.report.found import read_figures


def gate_warnings(run: Run) -> tuple[str, ...]:
    """Return a sentence a gate that is on and cannot judge.

    Raises:
        InputError: the record of the gates is damaged.
    """
    return warnings_in(read_figures(run.gates / "gates.json"))


def warnings_in(record: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return them from what gates/gates.json holds; none where it is not there."""
    calibration = (record or {}).get("calibration", {})
    return tuple(str(each["warning"]) for each in calibration.values() if "warning" in each)
