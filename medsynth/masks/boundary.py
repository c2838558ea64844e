"""Moving the boundary between objects and background by a distance, in or out."""

from __future__ import annotations

from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask
from medsynth.masks.copying import copied
from medsynth.masks.cutting import box_of
from medsynth.masks.nearest import nearest_in
from medsynth.masks.objects import find_objects
from medsynth.masks.pieces import crumbs

SQUARE = np.ones((3, 3), np.uint8)
MOST_LOST_IN_CRUMBS = 0.1
"""Share of an object's area; losing a lobe of a nucleus would not be shrinking."""


def move_boundary(layer: Mask, offset_px: NDArray[np.float64], limit_of_radius: float) -> Mask:
    """Return the layer with the signed distance of its boundary changed.

    A boundary between two touching objects stays, objects that do not touch never come to
    touch, and the frame is no boundary. No object vanishes; one that falls into pieces
    loses the crumbs, and keeps its old boundary where those would be much of it.

    Args:
        layer: mask whose instance ids may have gaps.
        offset_px: (H, W) or (1, 1) float64 pixels outwards; negative is inwards.
        limit_of_radius: no object's boundary moves further than this fraction of its
            radius, sqrt(area / pi).
    """
    here = layer.labels > 0
    reach = float(np.abs(offset_px).max())
    if reach <= 0.5 or not here.any():  # the nearest pixel centre is half away
        return copied(layer)
    window = around(here, ceil(reach) + 2)
    inner = Mask(layer.labels[window], None if layer.instances is None else layer.instances[window])
    result = copied(layer)
    moved = _moved(inner, np.broadcast_to(offset_px, layer.hw)[window], limit_of_radius)
    result.labels[window] = moved.labels
    if result.instances is not None and moved.instances is not None:
        result.instances[window] = moved.instances
    return result


def _moved(inner: Mask, offset_px: NDArray[np.float64], limit_of_radius: float) -> Mask:
    objects, count = find_objects(inner)
    area = np.bincount(objects.ravel(), minlength=count + 1)
    limit = limit_of_radius * np.sqrt(area / np.pi)
    source, after = np.arange(objects.size).reshape(objects.shape), objects
    if (offset_px > 0).any():
        source, after = grown(objects, offset_px, limit)
    if (offset_px < 0).any():
        after = shrunk(objects, after, offset_px, limit, area)
    labels = inner.labels.ravel()[source] * (after > 0)
    if inner.instances is None:
        return Mask(labels)
    return Mask(labels, inner.instances.ravel()[source] * (after > 0))


def grown(
    objects: NDArray[np.int32], offset_px: NDArray[np.float64], limit: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Return which pixel each is like, and the map of objects, grown where the offset is positive.

    Where two objects would meet, the one with the lower number leaves a pixel free.
    """
    nearest, far = nearest_in(objects > 0)
    owner = objects.ravel()[nearest]
    gained = (objects == 0) & (far - 0.5 < np.minimum(offset_px, limit[owner]))
    after = np.where(gained, owner, objects)
    highest = cv2.dilate(after.astype(np.float32), SQUARE)
    free = np.float32(len(limit))
    lowest_old = cv2.erode(np.where(objects > 0, objects, free).astype(np.float32), SQUARE)
    after[gained & ((highest > owner) | (lowest_old < owner))] = 0
    return nearest, after


def shrunk(
    objects: NDArray[np.int32],
    after: NDArray[np.int32],
    offset_px: NDArray[np.float64],
    limit: NDArray[np.float64],
    area: NDArray[np.int64],
) -> NDArray[np.int32]:
    """Return the map of objects without what lies less deep than a negative offset asks for."""
    if (objects > 0).all():
        return after
    deep = cv2.distanceTransform((objects > 0).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    lost = (objects > 0) & (deep - 0.5 < np.minimum(-offset_px, limit[objects]))
    after = np.where(lost, 0, after)
    gone = (np.bincount(after.ravel(), minlength=len(area)) == 0) & (area > 0)
    gone[0] = False
    after = np.where(gone[objects], objects, after)
    extra = crumbs(objects, after)
    broken = np.bincount(objects[extra], minlength=len(area)) > MOST_LOST_IN_CRUMBS * area
    after = np.where(extra, 0, after)
    return np.where(broken[objects], objects, after)


def around(region: NDArray[np.bool_], margin_px: int) -> tuple[slice, slice]:
    """Return the window of a region that is not empty, with a margin, within the picture."""
    top, left, height, width = box_of(region)
    rows = slice(max(0, top - margin_px), top + height + margin_px)
    return rows, slice(max(0, left - margin_px), left + width + margin_px)
