"""The nearest pixel of a region, for every pixel: how labels spread into new ground."""

from __future__ import annotations

from functools import lru_cache
from itertools import product
from math import ceil, hypot
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask
from medsynth.masks.copying import copied, only
from medsynth.masks.touching import most_and_least

BESIDE_PX = 0.8
"""Within this and half a pixel there are only those above, below, left and right."""
CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], np.uint8)


def nearest_in(
    region: NDArray[np.bool_], reach_px: float = np.inf
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """Return the pixels outside of a region, the nearest of the region to each, and how far it is.

    Args:
        region: (H, W) bool, not empty.
        reach_px: only pixels that are nearer than this.

    Returns:
        (n,) int64 flat indices of pixels outside, (n,) int64 those of the nearest pixels of
        the region, and (n,) float32 distances in pixels, by a 5x5 chamfer (within 2% of the
        Euclidean; Borgefors 1986, "Distance transformations in digital images").
    """
    far, number = cv2.distanceTransformWithLabels(
        np.ascontiguousarray(~region).view(np.uint8),
        cv2.DIST_L2,
        cv2.DIST_MASK_5,
        labelType=cv2.DIST_LABEL_PIXEL,
    )
    at = np.flatnonzero(region)
    pixel = np.zeros(len(at) + 1, np.int64)
    pixel[number.ravel()[at]] = at
    outside = np.flatnonzero(((far > 0) & (far < reach_px)).ravel())
    return outside, pixel[number.ravel()[outside]], far.ravel()[outside]


def distance_to(region: NDArray[np.bool_], reach_px: float) -> NDArray[np.float32]:
    """Return (H, W) float32 pixels to a region that is not empty, 0 in it.

    As `nearest_in` measures; what is further than the pixels that the reach asks for may be
    told to be less far, but not as near as they.
    """
    outside = (~region).view(np.uint8)
    if reach_px <= BESIDE_PX:
        return np.asarray(cv2.add(outside, cv2.erode(outside, CROSS), dtype=cv2.CV_32F))
    return np.asarray(cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_5))


def nearest_objects(
    objects: NDArray[np.int32], pixels: NDArray[np.int64], reach_px: float
) -> NDArray[np.integer[Any]]:
    """Return (k,) the object that is nearest to each of some pixels.

    Args:
        objects: (H, W) int32 map of objects 1..n, at most 65,535.
        pixels: (k,) int64 flat indices; an object lies within reach and half a pixel of each.
        reach_px: how far it may be away.
    """
    reach = ceil(reach_px + 0.5)
    most, least = most_and_least(objects, reach)
    owner = most.ravel()[pixels]
    between = np.flatnonzero(owner != least.ravel()[pixels])
    if len(between):
        padded, width = np.pad(objects, reach).ravel(), objects.shape[1]
        row, col = np.divmod(pixels[between], width)
        at = (row + reach) * (width + 2 * reach) + col + reach
        for down, across in by_distance(reach):
            found = padded[at + down * (width + 2 * reach) + across]
            owner[between[found > 0]] = found[found > 0]
            between, at = between[found == 0], at[found == 0]
    return owner


@lru_cache(maxsize=32)
def by_distance(reach_px: int) -> list[tuple[int, int]]:
    """Return the steps (down, across) to the pixels of a square, nearest first."""
    side = range(-reach_px, reach_px + 1)
    return sorted(product(side, side), key=lambda step: (hypot(*step), step))


def spread(old: Mask, region: NDArray[np.bool_]) -> Mask:
    """Return a mask that fills exactly `region`, each pixel like the nearest of the old mask.

    Args:
        old: mask with foreground; its instance ids may have gaps.
        region: (H, W) bool.
    """
    there = old.labels > 0
    if old.instances is None and (label := only_label(old.labels)):
        return Mask(region * label)
    if not (region & ~there).any():
        return only(old, region)
    outside, nearest, _ = nearest_in(there)
    wide = copied(old)
    wide.labels.ravel()[outside] = old.labels.ravel()[nearest]
    if wide.instances is not None and old.instances is not None:
        wide.instances.ravel()[outside] = old.instances.ravel()[nearest]
    return only(wide, region)


def only_label(labels: NDArray[np.uint8]) -> np.uint8 | None:
    """Return the class of a foreground that has but one; None of several or none."""
    most = labels.max(initial=0)
    if not most or not np.array_equal(labels > 0, labels == most):
        return None
    label: np.uint8 = most
    return label
