"""What medsynth's own exports say of a sample beyond its pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from medsynth.data.problems import Problem, problem

KEYS = ("group", "origin")


def exported_attributes(entry: Mapping[str, Any]) -> dict[str, str]:
    """Return group and origin, where an entry has them."""
    return {key: str(entry[key]) for key in KEYS if entry.get(key)}


def synthetic_problems(attributes: Sequence[Mapping[str, str]]) -> list[Problem]:
    """Return a warning if some pairs are synthetic: a fit would learn from them as if real."""
    made = [a for a in attributes if a.get("origin") == "synthetic"]
    return problem(
        "synthetic-pairs",
        "warning",
        f"{len(made)} of {len(attributes)} pairs are synthetic",
        [f"origin={each['origin']}" for each in made][:1],
        "For the real ones alone: --set data.where={origin: real}",
    )
