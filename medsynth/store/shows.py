"""What a mask shows, in the manifest's words: {"classes": [1, 2], "area_px": 512}.

classes: ids of the classes that are there, the background left out, rising.
area_px: pixels that are not background.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from medsynth.core.types import Mask


def shows_of(mask: Mask) -> dict[str, Any]:
    """Return what a mask shows.

    >>> shows_of(Mask(np.array([[0, 2], [2, 1]], np.uint8)))
    {'classes': [1, 2], 'area_px': 3}
    """
    counts = np.bincount(mask.labels.ravel(), minlength=1)
    counts[0] = 0
    return {"classes": np.flatnonzero(counts).tolist(), "area_px": int(counts.sum())}


def checked_shows(value: Any) -> dict[str, Any]:
    """Return the value where it has the form above; further keys are kept.

    Raises:
        KeyError, TypeError, ValueError: it has not.
    """
    classes = [int(each) for each in value["classes"]]
    return {**value, "classes": classes, "area_px": int(value["area_px"])}
