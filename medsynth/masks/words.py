"""What was done to a mask, in words, from its steps alone: plugins' operators included."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from medsynth.masks.perturbation import Step

UNITS = {"_deg": "\u00b0", "_px": " px", "_fraction": "%"}
NEUTRAL = {"scale": 1.0}
"""Numbers whose names begin so leave a mask as it is at this value; all others at 0."""


SILENT = {"field", "max_of_radius", "max_size_change"}
"""Parameters that say nothing of one step: seeds of noise, and limits that hold for all."""


def in_words(steps: Iterable[Step]) -> str:
    """Return what steps do, for example "flip horizontal; affine rotation 12\u00b0"."""
    return "; ".join(step_in_words(step) for step in steps) or "nothing"


def step_in_words(step: Step) -> str:
    """Return what one step does: the operator, then its numbers and switches that say much.

    >>> step_in_words(Step("affine", {"rotation_deg": 12.31, "scale_rows": 1.0, "up": True}))
    'affine rotation 12.3\u00b0, up'
    """
    shown = ((key, value) for key, value in step.params.items() if key not in SILENT)
    said = [text for key, value in shown if (text := _value(key, value))]
    donors = f" (with {', '.join(step.donors)})" if step.donors else ""
    return f"{step.op} {', '.join(said)}".rstrip() + donors


def _value(key: str, value: Any) -> str:
    if isinstance(value, bool):
        return key.replace("_", " ") if value else ""
    if isinstance(value, int | float):
        return _number(key, value)
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return f"{len(value)} {key.removesuffix('s') if len(value) == 1 else key}"
    return ""


def _number(key: str, value: float) -> str:
    unit = next((end for end in UNITS if key.endswith(end)), "")
    name = key.removesuffix(unit).replace("_", " ")
    neutral = NEUTRAL.get(key.partition("_")[0], 0.0)
    shown = f"{100 * value if unit == '_fraction' else value:.3g}"
    return "" if abs(value - neutral) < 1e-3 else f"{name} {shown}{UNITS.get(unit, '')}"
