"""Cutting an object out of a mask and laying it onto another."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask
from medsynth.masks.box import around
from medsynth.masks.instances import renumber
from medsynth.masks.objects import find_objects, object_box


def cut_out(donor: Mask, number: int, height: int, width: int) -> Mask:
    """Return object `number` of the donor alone, its box resized to (height, width).

    The piece always has instances: where the donor has none, one for each class.
    """
    found, _ = find_objects(donor)
    window = around(object_box(donor, number), 0)
    labels = resize_nearest(donor.labels[window] * (found[window] == number), height, width)
    ids: NDArray[Any] = labels
    if donor.instances is not None:
        ids = resize_nearest(donor.instances[window], height, width) * (labels > 0)
    return Mask(labels, renumber(ids))


def paste(mask: Mask, piece: Mask, top: int, left: int) -> Mask:
    """Return the mask with the piece's foreground on top; its instances get new ids.

    A mask without instances stays without. An instance of the mask that is wholly covered
    goes, and the others close the gap.
    """
    height, width = piece.hw
    window = np.s_[top : top + height, left : left + width]
    on_top = piece.labels > 0
    labels = mask.labels.copy()
    labels[window][on_top] = piece.labels[on_top]
    if mask.instances is None or piece.instances is None:
        return Mask(labels)
    instances = mask.instances.copy()
    covered = set(instances[window][on_top].tolist()) - {0}
    first_free = mask.instances.max(initial=0)
    instances[window][on_top] = piece.instances[on_top] + first_free
    whole = all((instances == each).any() for each in covered)
    return Mask(labels, instances if whole else renumber(instances))


def resize_nearest(array: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    """Return the (H, W) array resized to (height, width) by the nearest pixel centre."""
    rows = (2 * np.arange(height) + 1) * array.shape[0] // (2 * height)
    cols = (2 * np.arange(width) + 1) * array.shape[1] // (2 * width)
    resized: NDArray[Any] = array[rows[:, None], cols]
    return resized
