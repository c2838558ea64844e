"""What `evaluate` has found about privacy, without the ids that it names."""

from __future__ import annotations

from typing import Any

NEARNESS = {"features": ("near", "features"), "pixels": ("near_in_pixels",)}


def measured(evaluation: Any) -> dict[str, Any] | None:
    """Return the figures on copies, nearness and membership; None where there are none.

    Args:
        evaluation: as `read_evaluation` gives it, which names nobody.
    """
    if evaluation is None:
        return None
    near = {}
    for name, path in NEARNESS.items():
        found: Any = evaluation
        for key in path:
            found = (found or {}).get(key)
        near[name] = {key: (found or {}).get(key) for key in ("rate", "interval", "usual")}
    about = evaluation.get("about") or {}
    counts = {key: about.get(key) for key in ("samples", "train", "held_out")}
    return {
        "copies": evaluation.get("copies") or {},
        "near": near,
        "membership": evaluation.get("membership"),
        "about": counts,
    }
