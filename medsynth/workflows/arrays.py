"""From a run's index to arrays in memory: images, hints, and what each image is told."""

from __future__ import annotations

import numpy as np

from medsynth.data.load import load_sample
from medsynth.data.records import DataIndex, Item
from medsynth.model.hints import mask_hint
from medsynth.training.pairs import PairArrays
from medsynth.workflows.told import Told


def load_pairs(index: DataIndex, items: list[Item], told: Told) -> PairArrays:
    """Read pairs into memory at the model's geometry: 6 bytes a pixel.

    Args:
        index: the run's index.
        items: which pairs.
        told: what their images are told.

    Raises:
        InputError: a file changed since it was indexed, or has no label.
    """
    height, width = index.size_hw
    images = np.empty((len(items), height, width, index.channels), np.uint8)
    hints = np.empty((len(items), height, width, 3), np.uint8)
    for k, item in enumerate(items):
        sample = load_sample(index, item)
        images[k] = sample.image
        hints[k] = mask_hint(sample.mask.labels, sample.mask.instances)
    return PairArrays(images, hints, told.conditions([item.attributes for item in items]))
