"""Instance ids: numbering without gaps, and the rules that `core.types.Mask` states."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask

MOST_INSTANCES = 65_535
"""What a uint16 id can count."""


def renumber(instances: NDArray[np.integer[Any]]) -> NDArray[np.uint16]:
    """Return ids 1..n without gaps, in the order of the old ids; 0 stays 0.

    Args:
        instances: (H, W) instance ids of any integer type, not negative.

    >>> renumber(np.array([[0, 7], [3, 7]], np.uint16)).tolist()
    [[0, 2], [1, 2]]
    """
    present = np.zeros(int(instances.max(initial=0)) + 1, bool)
    present[instances[::2, ::2]] = True  # a fourth of the pixels shows nearly all of them
    if not present[1:].all():
        present[instances[instances > 0]] = True
    present[0] = False
    if present[1:].all():
        return instances.astype(np.uint16)
    table: NDArray[np.uint16] = np.cumsum(present).astype(np.uint16)
    gapless: NDArray[np.uint16] = np.take(table, instances)
    return gapless


def instance_fault(mask: Mask) -> str | None:
    """Return which rule the mask's instances break, as a clause, or None where they are right."""
    labels, instances = mask.labels, mask.instances
    if instances is None:
        return None
    if not np.array_equal(instances > 0, labels > 0):
        return "instances do not stand exactly where labels stand"
    classes = np.zeros((int(instances.max(initial=0)) + 1, 256), bool)
    classes[instances, labels] = True
    each = classes[1:].sum(axis=1)
    if (each == 0).any():
        return f"instance {int(np.argmax(each == 0)) + 1} is missing from 1..{len(each)}"
    if (each > 1).any():
        return f"instance {int(np.argmax(each > 1)) + 1} spans {int(each.max())} classes"
    return None
