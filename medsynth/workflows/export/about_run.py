"""What run.json says, for whoever only wants to tell of it."""

from __future__ import annotations

from typing import Any

from medsynth.io.json_text import parse_json
from medsynth.io.runs import Run


def about_run(run: Run) -> dict[str, Any]:
    """Return what run.json holds, empty where it cannot be read; a fit refuses such a run."""
    try:
        found = parse_json(run.about.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
