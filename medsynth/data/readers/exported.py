"""What medsynth's own exports say of a sample beyond its pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

KEYS = ("group", "origin")


def exported_attributes(entry: Mapping[str, Any]) -> dict[str, str]:
    """Return group and origin, where an entry has them."""
    return {key: str(entry[key]) for key in KEYS if entry.get(key)}
