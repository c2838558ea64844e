"""A copy of a mask, for operators that leave it as it is."""

from __future__ import annotations

from medsynth.core.types import Mask


def copied(mask: Mask) -> Mask:
    """Return an equal mask with arrays of its own."""
    return Mask(mask.labels.copy(), None if mask.instances is None else mask.instances.copy())
