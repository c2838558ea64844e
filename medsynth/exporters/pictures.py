"""The pictures of a sample, the same kinds for every sample of a set."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Sample
from medsynth.exporters.export_set import ExportSet


def all_pictures(sample: Sample, *, numbered: bool) -> dict[str, NDArray[Any]]:
    """Return kind -> picture: images, masks, and instances where the set is `numbered`.

    Readers of columns want every sample to have them all, so instances are 0 where a mask of
    a numbered set holds none.

    images: (H, W, C) uint8; masks: (H, W) uint8; instances: (H, W) uint16.
    """
    found: dict[str, NDArray[Any]] = {"images": sample.image, "masks": sample.mask.labels}
    if numbered:
        instances = sample.mask.instances
        found["instances"] = (
            np.zeros(sample.mask.hw, dtype=np.uint16) if instances is None else instances
        )
    return found


def filled_instances(export_set: ExportSet) -> list[str]:
    """Say that instances are 0 for masks that hold none, where the set has any."""
    if not export_set.has_instances:
        return []
    return ["Instances are 0 throughout for samples whose masks hold none."]
