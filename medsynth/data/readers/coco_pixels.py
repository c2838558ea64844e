"""COCO annotations to pixels: class values and object numbers of one image.

Crowd regions lie below single objects, and of these the smaller ones on top, so that an
object inside of another stays visible. Polygons are filled as pycocotools fills them; the
polygons of one object are joined.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsynth.data.raster import UnreadableError, check_size
from medsynth.data.readers.coco_file import Id
from medsynth.io.polygon_fill import polygon_positions
from medsynth.io.run_lengths import positions

Shape = tuple[NDArray[np.int64] | None, list[NDArray[np.float64]]]
"""An object's pixels as column * H + row, or else its polygons, still to be filled."""


def draw(
    annotations: Sequence[Mapping[str, Any]], hw: tuple[int, int], values: Mapping[Id, int]
) -> tuple[NDArray[np.uint16], NDArray[np.int32]]:
    """Return (H, W) uint16 class values and (H, W) int32 object numbers 1.., 0 = nothing.

    Args:
        annotations: of one image.
        hw: its height and width.
        values: category id -> class value.

    Raises:
        UnreadableError: what is wrong with the annotations, a part of a sentence each.
    """
    check_size(hw[1], hw[0])
    shapes, faults = [], []
    for annotation in annotations:
        try:
            value = _value(annotation, values)
            shapes.append((bool(annotation.get("iscrowd")), value, _shape(annotation, hw)))
        except ValueError as error:
            faults.append(f"annotation {str(annotation.get('id'))[:40]}: {error}")
    if faults:
        raise UnreadableError("; ".join(faults))
    filled = polygon_positions([ring for _, _, (_, rings) in shapes for ring in rings], hw)
    found = [
        (crowd, value, _joined(pixels, list(islice(filled, len(rings)))))
        for crowd, value, (pixels, rings) in shapes
    ]
    labels = np.zeros(hw[0] * hw[1], np.uint16)
    numbers = np.zeros(hw[0] * hw[1], np.int32)
    order = sorted(found, key=lambda each: (not each[0], -each[2].size))
    for number, (_, value, pixels) in enumerate(order, start=1):
        labels[pixels] = value
        numbers[pixels] = number
    return labels.reshape(hw[::-1]).T, numbers.reshape(hw[::-1]).T


def leaves_frame(annotation: Mapping[str, Any], hw: tuple[int, int]) -> bool:
    """Return whether a polygon goes more than a pixel beyond the image."""
    rings = annotation.get("segmentation")
    if not isinstance(rings, list):
        return False
    try:
        return any(
            min(ring) < -1 or max(ring[::2]) > hw[1] + 1 or max(ring[1::2]) > hw[0] + 1
            for ring in rings
        )
    except (TypeError, ValueError):
        return False


def _value(annotation: Mapping[str, Any], values: Mapping[Id, int]) -> int:
    category = annotation.get("category_id")
    if not isinstance(category, int | str) or category not in values:
        raise ValueError(f"its category {str(category)[:40]} is none of the file's")
    return values[category]


def _joined(
    pixels: NDArray[np.int64] | None, polygons: list[NDArray[np.int64]]
) -> NDArray[np.int64]:
    """Return an object's pixels, each once: those of its run lengths, or of its polygons."""
    if pixels is not None:
        return pixels
    return polygons[0] if len(polygons) == 1 else np.unique(np.concatenate(polygons))


def _shape(annotation: Mapping[str, Any], hw: tuple[int, int]) -> Shape:
    """Return what an annotation draws; ValueError says what is wrong."""
    shape = annotation.get("segmentation")
    if not shape:
        raise ValueError("it has no segmentation, only a box")
    if isinstance(shape, dict):
        if shape.get("size") != list(hw):
            size = str(shape.get("size"))[:40]
            raise ValueError(f"its size is {size}, not that of the image, {list(hw)}")
        counts = shape.get("counts")
        if not isinstance(counts, str | list):
            raise ValueError("its RLE has no counts")
        return positions(counts, hw), []
    if isinstance(shape, list):
        return None, [_ring(ring, hw) for ring in shape]
    raise ValueError("its segmentation is neither polygons nor RLE")


def _ring(numbers: Any, hw: tuple[int, int]) -> NDArray[np.float64]:
    """Return (n, 2) corners, or raise ValueError."""
    good = isinstance(numbers, list) and all(isinstance(n, int | float) for n in numbers)
    if not good or len(numbers) < 6 or len(numbers) % 2:
        raise ValueError("a polygon needs three or more corners, each x and y")
    try:
        ring = np.array(numbers, np.float64).reshape(-1, 2)
    except OverflowError:
        ring = np.full((1, 2), np.inf)
    size = np.array(hw[::-1])
    if not np.isfinite(ring).all() or (ring < -size).any() or (ring > 2 * size).any():
        raise ValueError(f"a corner lies far outside of the image of {hw[1]}x{hw[0]}")
    if (ring.max(axis=0) <= 0).any() or (ring.min(axis=0) >= size).any():
        raise ValueError(f"a polygon lies outside of the image of {hw[1]}x{hw[0]}")
    return ring
