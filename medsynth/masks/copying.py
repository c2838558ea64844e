"""A copy of a mask, whole or of a region only, and a window of one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask
from medsynth.masks.box import Window


def copied(mask: Mask) -> Mask:
    """Return an equal mask with arrays of its own."""
    return Mask(mask.labels.copy(), None if mask.instances is None else mask.instances.copy())


def only(mask: Mask, region: NDArray[np.bool_]) -> Mask:
    """Return the mask with background outside of a region."""
    instances = None if mask.instances is None else mask.instances * region
    return Mask(mask.labels * region, instances)


def within(mask: Mask, window: Window) -> Mask:
    """Return what a window shows of a mask: the same arrays, not a copy."""
    return Mask(mask.labels[window], None if mask.instances is None else mask.instances[window])
