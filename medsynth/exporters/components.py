"""The objects of a mask: its instances where it has them, else connected components."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from medsynth.core.types import Box, Mask

EIGHT_NEIGHBOURS = np.ones((3, 3), dtype=np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """One object: its class and its pixels inside the smallest box around them.

    box: (top, left, height, width) in the whole mask.
    pixels: (height, width) bool.
    """

    class_id: int
    box: Box
    pixels: NDArray[np.bool_]

    @property
    def area_px(self) -> int:
        """Return the number of pixels."""
        return int(np.count_nonzero(self.pixels))


def parts(mask: Mask) -> Iterator[Part]:
    """Yield the objects of a mask, in a fixed order.

    The rule: an instance id is an object, also when it is in several pieces. Where the mask
    has no instance ids, an object is an 8-connected component of one class, so that
    touching objects of one class are one object.
    """
    if mask.instances is None:
        for class_id in _present(mask.labels):
            components, _ = ndimage.label(mask.labels == class_id, structure=EIGHT_NEIGHBOURS)
            for number, rows, columns in _boxes(components):
                pixels = components[rows, columns] == number
                yield Part(class_id, _box(rows, columns), pixels)
        return
    for number, rows, columns in _boxes(mask.instances):
        pixels = mask.instances[rows, columns] == number
        class_id = int(mask.labels[rows, columns][pixels][0])
        yield Part(class_id, _box(rows, columns), pixels)


def classwise(labels: NDArray[np.uint8]) -> Iterator[Part]:
    """Yield all pixels of a class as one part, class by class.

    Args:
        labels: (H, W) uint8 class ids, 0 = background.
    """
    for number, rows, columns in _boxes(labels):
        yield Part(number, _box(rows, columns), labels[rows, columns] == number)


def _present(labels: NDArray[np.uint8]) -> list[int]:
    return [int(value) for value in np.flatnonzero(np.bincount(labels.ravel())) if value]


def _boxes(numbered: NDArray[np.integer]) -> Iterator[tuple[int, slice, slice]]:
    """Yield (number, rows, columns) for each number > 0 that is there."""
    for number, found in enumerate(ndimage.find_objects(numbered.astype(np.int32)), start=1):
        if found is not None:
            yield number, found[0], found[1]


def _box(rows: slice, columns: slice) -> Box:
    return rows.start, columns.start, rows.stop - rows.start, columns.stop - columns.start
