"""Moving the boundary between objects and background by a distance, in or out."""

from __future__ import annotations

from collections.abc import Callable
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
from medsynth.masks.touching import pair_code, touching_pairs

MOST_IN_CRUMBS = 0.1
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
    reach = max(float(offset_px.max()), -float(offset_px.min()))
    if reach <= 0.5 or not here.any():  # the nearest pixel centre is half away
        return copied(layer)
    window = around(here, ceil(reach) + 2)
    offset = np.broadcast_to(offset_px, layer.hw)[window]
    return changed_within(layer, window, lambda part: _moved(part, offset, limit_of_radius))


def changed_within(
    layer: Mask, window: tuple[slice, slice], change: Callable[[Mask], Mask]
) -> Mask:
    """Return a copy of the layer in which a window is changed, as if it were a mask."""
    result = copied(layer)
    instances = None if layer.instances is None else layer.instances[window]
    changed = change(Mask(layer.labels[window], instances))
    result.labels[window] = changed.labels
    if result.instances is not None and changed.instances is not None:
        result.instances[window] = changed.instances
    return result


def _moved(inner: Mask, offset_px: NDArray[np.float64], limit_of_radius: float) -> Mask:
    objects, count = find_objects(inner)
    area = np.bincount(objects.ravel(), minlength=count + 1)
    limit = limit_of_radius * np.sqrt(area / np.pi)
    result, offset = copied(inner), offset_px.ravel()
    gained, source = grown(objects, offset, limit)
    lost = shrunk(objects, offset, limit, area)
    for new, old in ((result.labels, inner.labels), (result.instances, inner.instances)):
        if new is not None and old is not None:
            new.ravel()[gained] = old.ravel()[source]
            new.ravel()[lost] = 0
    return result


def grown(
    objects: NDArray[np.int32], offset_px: NDArray[np.float64], limit: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pixels that objects gain where the offset is positive, and which they are like.

    Where two objects would meet, pixels between them stay free.

    Args:
        objects: (H, W) int32 map of objects 0..n.
        offset_px: (H * W,) float64.
        limit: (n + 1,) float64 pixels that each object may move by.

    Returns:
        two (k,) int64 arrays of flat indices.
    """
    reach = min(float(offset_px.max()), float(limit.max()))
    if reach <= 0:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    gained, source, far = nearest_in(objects > 0, reach + 0.5)
    owner = objects.ravel()[source]
    within = far - 0.5 < np.minimum(offset_px[gained], limit[owner])
    gained, source, owner = gained[within], source[within], owner[within]
    if len(limit) == 2:  # one object
        return gained, source
    after = objects.copy()
    after.ravel()[gained] = owner
    alone = ~joins(objects, after, gained, owner)
    return gained[alone], source[alone]


def joins(
    before: NDArray[np.int32],
    after: NDArray[np.int32],
    pixels: NDArray[np.int64],
    owner: NDArray[np.int32],
) -> NDArray[np.bool_]:
    """Return (k,) bool: whether a pixel lets its object touch another that it did not touch.

    Args:
        before: (H, W) int32 map of objects.
        after: the same with the pixels.
        pixels: (k,) int64 flat indices.
        owner: (k,) int32 their objects.
    """
    width = after.shape[1] + 2
    padded = np.pad(after, 1).ravel()
    row, col = np.divmod(pixels, after.shape[1])
    at = (row + 1) * width + col + 1
    around_it = (-width - 1, -width, -width + 1, -1, 1, width - 1, width, width + 1)
    other = np.stack([padded[at + step] for step in around_it])
    meets = (other > 0) & (other != owner)
    if meets.any():
        mine = np.broadcast_to(owner, other.shape)[meets]
        meets[meets] = ~np.isin(pair_code(mine, other[meets]), touching_pairs(before))
    found: NDArray[np.bool_] = meets.any(axis=0)
    return found


def shrunk(
    objects: NDArray[np.int32],
    offset_px: NDArray[np.float64],
    limit: NDArray[np.float64],
    area: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return the (k,) flat indices of pixels less deep than a negative offset asks for.

    Args:
        objects: (H, W) int32 map of objects 0..n.
        offset_px: (H * W,) float64.
        limit: (n + 1,) float64 pixels that each object may move by.
        area: (n + 1,) int64 pixels of each object.
    """
    reach = min(float(-offset_px.min()), float(limit.max()))
    if reach <= 0 or (objects > 0).all():
        return np.zeros(0, np.int64)
    deep = cv2.distanceTransform((objects > 0).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    thin = np.flatnonzero(((deep > 0) & (deep < reach + 0.5)).ravel())
    owner = objects.ravel()[thin]
    less = deep.ravel()[thin] - 0.5 < np.minimum(-offset_px[thin], limit[owner])
    thin, owner = thin[less], owner[less]
    after = objects.copy()
    after.ravel()[thin] = 0
    extra = crumbs(objects, after)
    losses = np.bincount(owner, minlength=len(area))
    broken = np.bincount(objects.ravel()[extra], minlength=len(area)) > MOST_IN_CRUMBS * area
    kept = ~((losses == area) | broken)
    return np.concatenate([thin[kept[owner]], extra[kept[objects.ravel()[extra]]]])


def around(region: NDArray[np.bool_], margin_px: int) -> tuple[slice, slice]:
    """Return the window of a region that is not empty, with a margin, within the picture."""
    top, left, height, width = box_of(region)
    rows = slice(max(0, top - margin_px), top + height + margin_px)
    return rows, slice(max(0, left - margin_px), left + width + margin_px)
