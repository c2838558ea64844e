"""What to keep in mind about the gates of a run: where one cannot judge, or has chosen."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from medsynth.io.runs import Run
from medsynth.workflows.report.found import read_figures

CHOSEN = (
    "Mask agreement flatters the samples: it is measured by the segmenters of the gate faithful, "
    "which each of them has passed."
)


def chosen_by_the_gate(run: Run) -> tuple[str, ...]:
    """Return a sentence where the samples are those that the gate's own segmenters let pass.

    Raises:
        InputError: the record of the gates is damaged.
    """
    record = read_figures(run.gates / "gates.json") or {}
    about = record.get("calibration", {}).get("faithful", {})
    enforced = record.get("modes", {}).get("faithful") == "enforce"
    judges = about.get("threshold", 0) > 0 and not about.get("cannot_judge", "warning" in about)
    return (CHOSEN,) if enforced and judges else ()


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
