"""Giving an object of a mask another shape where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import ceil, floor
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask
from medsynth.masks.box import Window, around, box_of
from medsynth.masks.copying import copied
from medsynth.masks.instances import renumber
from medsynth.masks.layers import join_layers, split_layers
from medsynth.masks.nearest import spread
from medsynth.masks.nesting import Nested
from medsynth.masks.object_shape import Extent, object_alone
from medsynth.masks.objects import count_pieces, find_objects
from medsynth.masks.pose import Places, Pose, pose_of


class Shaper(Protocol):
    """Gives an object another shape."""

    def extent(self, pose: Pose) -> Extent:
        """Return within what an object of this pose stays that was within it before."""

    def distances(
        self, layer: int, region: NDArray[np.bool_], pose: Pose, rows: Places, cols: Places
    ) -> Places:
        """Return (h, w) signed distances; below 0 is inside.

        Args:
            layer: which of the object's layers.
            region: (h, w) bool, the layer now.
            pose: the object's.
            rows: (h, 1) float32 rows of the window, in the pose's own coordinates.
            cols: (1, w) float32 its columns.
        """


SQUARE = np.ones((3, 3), np.uint8)
MARGIN_PX = 3
"""Beyond all that may become the object, so that outlines do not run along a window's edge."""
MARGIN_OF_SIZE = 0.75
"""How far a new shape may reach beyond the old one's box, of the square root of its area."""
SPECK_OF_AREA = 0.01
"""Pieces and holes of a new shape smaller than this share of the object are filled."""
LEAST_OF_AREA = 0.25
"""A shape of less than this of the object's area, because others stand there, is not taken."""


def reshape_objects(mask: Mask, nested: Nested, shapers: Mapping[int, Shaper]) -> Mask:
    """Return the mask with some objects given another shape, one after the other.

    An object only spreads over background that touches no other object, and is one piece.
    Labels and instances are those of the object's nearest pixel in the same layer.

    Args:
        mask: the mask.
        nested: nested classes; the shapes of inner layers are clipped to the outer.
        shapers: object number -> its new signed distances.
    """
    objects, count = find_objects(mask)
    objects, result = objects.copy(), copied(mask)
    for number, shaper in shapers.items():
        if number <= count and (objects == number).any():
            _reshape(result, objects, number, nested, shaper)
    return Mask(result.labels, None if result.instances is None else renumber(result.instances))


def _reshape(
    result: Mask, objects: NDArray[np.int32], number: int, nested: Nested, shaper: Shaper
) -> None:
    """Reshape one object in place, in the mask and in the map of objects."""
    close = around(box_of(objects == number), 0)
    top, left = close[0].start, close[1].start
    pose = pose_of(objects[close] == number, top, left)
    window = widened(close, shaper.extent(pose), int(MARGIN_OF_SIZE * pose.size_px) + 3)
    alone = object_alone(result, objects, number, window)
    here = alone.labels > 0
    pose = replace(pose, row=pose.row - window[0].start, col=pose.col - window[1].start)
    rows, cols = (np.arange(side, dtype=np.float32) for side in alone.hw)
    least_px = int(SPECK_OF_AREA * np.count_nonzero(here))
    layers = []
    for k, layer in enumerate(split_layers(alone, nested)):
        distance = shaper.distances(k, layer.labels > 0, pose, rows[:, None], cols[None])
        layers.append(spread(layer, without_specks(distance < 0, least_px)))
    shaped = join_layers(layers, nested)
    region = shaped.labels > 0
    taken = (objects[window] > 0) & ~here
    if taken.any():
        region &= ~cv2.dilate(taken.view(np.uint8), SQUARE).view(bool) | here
    region = largest_piece(region)
    if np.count_nonzero(region) < LEAST_OF_AREA * np.count_nonzero(here):
        return
    changed = here | region
    np.copyto(objects[window], region * np.int32(number), where=changed)
    np.copyto(result.labels[window], shaped.labels * region, where=changed)
    if result.instances is not None and shaped.instances is not None:
        np.copyto(result.instances[window], shaped.instances * region, where=changed)


def widened(close: Window, extent: Extent, most_px: int) -> Window:
    """Return an object's box, widened by up to so many pixels to hold an extent and a margin."""
    rows, cols = (
        slice(
            max(0, side.start - most_px, min(side.start, floor(low)) - MARGIN_PX),
            min(side.stop + most_px, max(side.stop, ceil(high) + 1) + MARGIN_PX),
        )
        for side, (low, high) in zip(close, extent, strict=True)
    )
    return rows, cols


def without_specks(region: NDArray[np.bool_], least_px: int) -> NDArray[np.bool_]:
    """Return the region without pieces and holes of fewer pixels than that."""
    if count_pieces(region, and_holes=True) == 1:
        return region
    for value in (True, False):
        _, pieces = cv2.connectedComponents((region == value).view(np.uint8), connectivity=4)
        speck = np.bincount(pieces.ravel()) < least_px
        speck[0] = False
        region = region ^ speck[pieces]
    return region


def largest_piece(region: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the largest 8-connected piece of an (H, W) region; nothing of nothing."""
    if count_pieces(region) <= 1:
        return region
    _, pieces = cv2.connectedComponents(region.view(np.uint8), connectivity=8)
    area = np.bincount(pieces.ravel())
    area[0] = 0
    largest: NDArray[np.bool_] = pieces == int(area.argmax())
    return largest
