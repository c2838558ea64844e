"""Instance ids that keep the promise of `core.types.Mask`."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from medsynth.core.errors import InputError
from medsynth.data.mask_values import look_up, present_values

MOST_INSTANCES = 65535


def settle_instances(labels: NDArray[np.uint8], raw: NDArray[Any]) -> NDArray[np.uint16]:
    """Return ids 1..n without gaps that stand exactly where a label stands.

    An id that spans two classes becomes two. A labelled pixel without an id takes the
    nearest id of its connected region; a region without any is one new instance.

    Args:
        labels: (H, W) uint8 class ids.
        raw: (H, W) integer instance ids, 0 = none.

    Raises:
        InputError: more than 65535 instances.
    """
    ids = np.where(labels > 0, raw, 0).astype(np.int64)
    ids = _fill(labels, ids)
    combined = np.where(labels > 0, ids * (int(labels.max()) + 1) + labels, 0)
    present, _ = present_values(combined)
    new = np.arange(len(present)) if present[0] == 0 else np.arange(1, len(present) + 1)
    if new[-1] > MOST_INSTANCES:
        raise InputError(f"a mask holds {new[-1]} instances; at most {MOST_INSTANCES} fit.")
    return look_up(combined, present, new.astype(np.uint16))


def connected_instances(labels: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return (H, W) ids of the regions of equal label, 8-connected; 0 = background."""
    out = np.zeros(labels.shape, np.int64)
    count = 0
    for class_id in np.unique(labels[labels > 0]):
        regions, found = ndimage.label(labels == class_id, structure=np.ones((3, 3)))
        out += np.where(regions > 0, regions.astype(np.int64) + count, 0)
        count += found
    return out


def _fill(labels: NDArray[np.uint8], ids: NDArray[np.int64]) -> NDArray[np.int64]:
    missing = (labels > 0) & (ids == 0)
    if not missing.any():
        return ids
    regions = connected_instances(labels)
    known = np.zeros(int(regions.max()) + 1, bool)
    known[regions[ids > 0]] = True
    ids = ids.copy()
    boxes = ndimage.find_objects(regions)
    for number in np.unique(regions[missing & known[regions]]):
        box = boxes[number - 1]
        region, own = regions[box] == number, ids[box]
        rows, columns = ndimage.distance_transform_edt(
            ~region | (own == 0), return_distances=False, return_indices=True
        )
        ids[box] = np.where(region & (own == 0), own[rows, columns], own)
    return np.where((labels > 0) & (ids == 0), regions + ids.max(), ids)
