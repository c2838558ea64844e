"""Moving the boundary between objects and background by a distance, in or out."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask
from medsynth.masks.box import Window, around, foreground_box
from medsynth.masks.copying import copied, only, within
from medsynth.masks.nearest import distance_to, nearest_in, nearest_objects, only_label
from medsynth.masks.objects import count_pieces, find_objects
from medsynth.masks.pieces import crumbs
from medsynth.masks.touching import joins

MOST_IN_CRUMBS = 0.1
"""Share of an object's area; losing a lobe of a nucleus would not be shrinking."""
HALF_PX = np.float32(0.5)
"""From a boundary to the nearest pixel centre."""


def move_boundary(layer: Mask, offset_px: NDArray[np.float32], limit_of_radius: float) -> Mask:
    """Return the layer with the signed distance of its boundary changed.

    A boundary between two touching objects stays, objects that do not touch never come to
    touch, and the frame is no boundary. No object vanishes; one that falls into pieces
    loses the crumbs, and keeps its old boundary where those would be much of it.

    Args:
        layer: mask whose instance ids may have gaps.
        offset_px: (H, W) or (1, 1) float32 pixels outwards; negative is inwards.
        limit_of_radius: no object's boundary moves further than this fraction of its
            radius, sqrt(area / pi).
    """
    reach = max(float(offset_px.max()), -float(offset_px.min()))
    box = foreground_box(layer)
    if reach <= HALF_PX or not box[2]:
        return copied(layer)
    window = around(box, ceil(reach) + 2)
    offset = offset_px if offset_px.size == 1 else offset_px[window]
    return changed_within(layer, window, lambda part: moved(part, offset, limit_of_radius))


def changed_within(layer: Mask, window: Window, change: Callable[[Mask], Mask]) -> Mask:
    """Return a copy of the layer in which a window is changed, as if it were a mask."""
    result = copied(layer)
    changed = change(within(layer, window))
    result.labels[window] = changed.labels
    if result.instances is not None and changed.instances is not None:
        result.instances[window] = changed.instances
    return result


def moved(layer: Mask, offset_px: NDArray[np.float32], limit_of_radius: float) -> Mask:
    """Return what `move_boundary` does, without looking for a window first."""
    objects, count = find_objects(layer)
    area = areas_of(objects, count)
    limit = (limit_of_radius * np.sqrt(area / np.pi)).astype(np.float32)
    lost = shrunk(objects, offset_px, limit, area)
    wider = grown(layer, objects, offset_px, limit)
    return only(wider, ~lost) if lost is not None else wider


def areas_of(objects: NDArray[np.int32], count: int) -> NDArray[np.int64]:
    """Return the (count + 1,) int64 pixels of each object of a map; of background, 0."""
    if count == 1:
        return np.array([0, np.count_nonzero(objects)])
    return np.bincount(objects[objects > 0], minlength=count + 1)


def grown(
    layer: Mask,
    objects: NDArray[np.int32],
    offset_px: NDArray[np.float32],
    limit: NDArray[np.float32],
) -> Mask:
    """Return the layer with what objects gain where the offset is positive.

    Where two objects would meet, pixels between them stay free.

    Args:
        layer: a mask with foreground.
        objects: (H, W) int32 map of its objects 0..n.
        offset_px: (H, W) or (1, 1) float32.
        limit: (n + 1,) float32 pixels that each object may move by.
    """
    reach = min(float(offset_px.max()), float(limit[1:].max()))
    if reach <= 0:
        return copied(layer)
    here, label = objects > 0, only_label(layer.labels)
    owner: NDArray[np.integer[Any]]
    if label is None:
        gained, like, far = nearest_in(here, reach + 0.5)
        owner = objects.ravel()[like]
    else:
        away = distance_to(here, reach)
        near = away < np.minimum(offset_px, np.float32(reach)) + HALF_PX
        if len(limit) == 2:
            return filled(layer, here | near, label)
        gained = np.flatnonzero(near & ~here)
        far, owner = away.ravel()[gained], nearest_objects(objects, gained, reach)
    free = far < np.minimum(at_pixels(offset_px, gained), limit[owner]) + HALF_PX
    free[free] = ~joins(objects, gained[free], owner[free])
    gained, owner = gained[free], owner[free]
    result = copied(layer)
    result.labels.ravel()[gained] = layer.labels.ravel()[like[free]] if label is None else label
    if result.instances is not None and layer.instances is not None:
        ids = layer.instances.ravel()[like[free]] if label is None else owner
        result.instances.ravel()[gained] = ids
    return result


def filled(layer: Mask, region: NDArray[np.bool_], label: np.uint8) -> Mask:
    """Return a mask of one object of one class with the layer's only ids in a region."""
    if layer.instances is None:
        return Mask(region * label)
    return Mask(region * label, region * layer.instances.max())


def shrunk(
    objects: NDArray[np.int32],
    offset_px: NDArray[np.float32],
    limit: NDArray[np.float32],
    area: NDArray[np.int64],
) -> NDArray[np.bool_] | None:
    """Return (H, W) bool: pixels less deep than a negative offset asks for; None of none.

    Args:
        objects: (H, W) int32 map of objects 0..n.
        offset_px: (H, W) or (1, 1) float32.
        limit: (n + 1,) float32 pixels that each object may move by.
        area: (n + 1,) int64 pixels of each object.
    """
    here = objects > 0
    reach = min(float(-offset_px.min()), float(limit[1:].max()))
    if reach <= 0 or here.all():
        return None
    deep = distance_to(~here, reach)
    lost = here & (deep < np.minimum(-offset_px, np.float32(reach)) + HALF_PX)
    if len(limit) == 2 and count_pieces(here & ~lost) == 1:
        return lost
    thin = np.flatnonzero(lost)
    owner = objects.ravel()[thin]
    if limit[area > 0].min() < reach:
        less = deep.ravel()[thin] < np.minimum(at_pixels(-offset_px, thin), limit[owner]) + HALF_PX
        thin, owner = thin[less], owner[less]
    stays = np.bincount(owner, minlength=len(area)) == area
    thin = thin[~stays[owner]]
    after = objects.copy()
    after.ravel()[thin] = 0
    extra = crumbs(objects, after, int(np.count_nonzero(area[1:])))
    of = objects.ravel()[extra]
    stays = np.bincount(of, minlength=len(area)) > MOST_IN_CRUMBS * area
    result = np.zeros(objects.shape, bool)
    for pixels in (thin, extra):
        result.ravel()[pixels[~stays[objects.ravel()[pixels]]]] = True
    return result


def at_pixels(values: NDArray[np.float32], pixels: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return (k,) float32 of an (H, W) or (1, 1) map at flat indices."""
    return values.ravel()[pixels] if values.size > 1 else values.ravel()
