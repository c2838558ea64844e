"""An object's outlines as signed distances in its own frame, one for each of its layers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask
from medsynth.masks.box import around
from medsynth.masks.copying import only, within
from medsynth.masks.layers import split_layers
from medsynth.masks.nesting import Nested
from medsynth.masks.objects import find_objects, object_box
from medsynth.masks.pose import Pose, place_out, pose_of
from medsynth.masks.signed_distance import read_between, rounded, signed_distance

GRID = 64
"""Points along each side of the grid that shapes are kept on."""
EXTENT = 1.5
"""The grid reaches this many sizes from the centroid: as far as an ellipse of 7 to 1."""
PARTS = 2048
"""Of an object's size, to which its distances are rounded; see `signed_distance`."""
FURTHEST = np.float32(4)
"""Distances in sizes go up to this."""

Extent = tuple[tuple[float, float], tuple[float, float]]
"""Least and greatest row, and least and greatest column, in pixels."""


def object_alone(
    mask: Mask, objects: NDArray[np.int32], number: int, window: tuple[slice, slice]
) -> Mask:
    """Return what of object `number` lies in a window, alone."""
    return only(within(mask, window), objects[window] == number)


@dataclass(frozen=True, slots=True)
class ObjectShape:
    """An object's shape, wherever it lies, however large, whichever way it points.

    size_px: the square root of its area in pixels.
    layers: (GRID, GRID) float32 signed distances in sizes, for each layer; not to be
        written to. Rows run along the longer axis.
    """

    size_px: float
    layers: tuple[NDArray[np.float32], ...]


def object_shape(mask: Mask, number: int, nested: Nested) -> ObjectShape:
    """Return the shape of object `number`; those asked for last are kept."""
    return _object_shape(mask, number, tuple(sorted(nested.items())))


@lru_cache(maxsize=1024)
def _object_shape(mask: Mask, number: int, nested: tuple[tuple[int, int], ...]) -> ObjectShape:
    objects, _ = find_objects(mask)
    alone = object_alone(mask, objects, number, around(object_box(mask, number), 2))
    pose = pose_of(alone.labels > 0)
    side = np.linspace(-EXTENT, EXTENT, GRID, dtype=np.float32)
    rows, cols = place_out(pose, side[:, None], side[None])
    layers = split_layers(alone, dict(nested))
    return ObjectShape(
        pose.size_px, tuple(_read(layer.labels > 0, pose, rows, cols) for layer in layers)
    )


def _read(
    region: NDArray[np.bool_], pose: Pose, rows: NDArray[np.float32], cols: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return a layer's signed distances on the grid; past its window they go on growing."""
    height, width = region.shape
    beyond = np.hypot(
        np.maximum(0, np.maximum(-rows, rows - height + 1)),
        np.maximum(0, np.maximum(-cols, cols - width + 1)),
    )
    values = (read_between(signed_distance(region), rows, cols) + beyond) / pose.size_px
    values = rounded(values.clip(-FURTHEST, FURTHEST), PARTS)
    values.setflags(write=False)
    return values


def read_shape(
    shape: NDArray[np.float32], along: NDArray[np.float32], across: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return a shape's signed distances, in sizes, at places in its own frame."""
    per_size = np.float32((GRID - 1) / (2 * EXTENT))
    middle = np.float32((GRID - 1) / 2)
    return read_between(shape, along * per_size + middle, across * per_size + middle)


def extent_of(shape: NDArray[np.float32], pose: Pose, scale: float = 1.0) -> Extent:
    """Return where in the picture a shape is inside, laid at a pose and scaled.

    A point of the grid stands for its surroundings up to the next; what would go on beyond
    the grid does not count.
    """
    step = 2 * EXTENT / (GRID - 1)
    along, across = np.nonzero(shape < 0)
    if not len(along):
        return (pose.row, pose.row), (pose.col, pose.col)
    places = (np.stack([along, across]).astype(np.float32) * step - EXTENT) * scale
    rows, cols = place_out(pose, places[0], places[1])
    margin = 1.5 * step * scale * pose.size_px
    return (
        (float(rows.min()) - margin, float(rows.max()) + margin),
        (float(cols.min()) - margin, float(cols.max()) + margin),
    )
