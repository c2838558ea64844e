"""Source masks are what `core.types.Mask` promises, or the plan is refused."""

from __future__ import annotations

import numpy as np

from medsynth.core.errors import InputError
from medsynth.core.types import Mask
from medsynth.masks.instances import instance_fault


def check_source(key: str, mask: Mask) -> None:
    """Refuse a source mask that is none.

    Raises:
        InputError: not (H, W) uint8 labels, or instances that break their rules.
    """
    fault = _fault(mask)
    if fault:
        raise InputError(
            f"the mask '{key}' cannot be a source: {fault}.",
            "Labels are (H, W) uint8 class ids; instances (H, W) uint16 ids 1..n.",
        )


def _fault(mask: Mask) -> str | None:
    labels, instances = mask.labels, mask.instances
    if labels.ndim != 2 or not labels.size:
        return f"its labels have the shape {labels.shape}"
    if labels.dtype != np.uint8:
        return f"its labels are {labels.dtype}"
    if instances is None:
        return None
    if instances.dtype != np.uint16 or instances.shape != labels.shape:
        return f"its instances are {instances.dtype} {instances.shape}, its labels {labels.shape}"
    return instance_fault(mask)
