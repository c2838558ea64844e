"""From a source size to the model's and back: planned once, applied to images and labels.

Labels are resampled by nearest neighbour only, so no value is ever invented.
"""

from __future__ import annotations

from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Box, Fit, Geometry

T = TypeVar("T", bound=np.generic)


def plan_geometry(source_hw: tuple[int, int], target_hw: tuple[int, int], fit: Fit) -> Geometry:
    """Return how a source of one size becomes the target size.

    crop: the largest centred box of the target's aspect ratio fills the target.
    letterbox: all of the source fills the largest centred box of its own aspect ratio.
    stretch: all of the source fills all of the target; the aspect ratio changes.

    >>> plan_geometry((100, 200), (50, 50), "crop").source_box
    (0, 50, 100, 100)
    >>> plan_geometry((100, 200), (50, 50), "letterbox").target_box
    (12, 0, 25, 50)
    """
    whole_source = (0, 0, *source_hw)
    whole_target = (0, 0, *target_hw)
    if fit == "crop":
        return Geometry(source_hw, target_hw, _inner(source_hw, target_hw), whole_target)
    if fit == "letterbox":
        return Geometry(source_hw, target_hw, whole_source, _inner(target_hw, source_hw))
    return Geometry(source_hw, target_hw, whole_source, whole_target)


def _inner(outer_hw: tuple[int, int], shape_hw: tuple[int, int]) -> Box:
    """Return the largest centred box in `outer_hw` with the aspect ratio of `shape_hw`."""
    height, width = outer_hw
    scale = min(height / shape_hw[0], width / shape_hw[1])
    h = min(height, max(1, round(shape_hw[0] * scale)))
    w = min(width, max(1, round(shape_hw[1] * scale)))
    return (height - h) // 2, (width - w) // 2, h, w


def apply_to_image(image: NDArray[np.uint8], geometry: Geometry, pad: int = 0) -> NDArray[np.uint8]:
    """Resample an image to the target; padding is `pad`.

    image: (H, W, C) uint8 of `geometry.source_hw`. Returns (h, w, C) uint8.
    """
    return _move_image(image, geometry.source_box, geometry.target_box, geometry.target_hw, pad=pad)


def apply_to_labels(labels: NDArray[T], geometry: Geometry) -> NDArray[T]:
    """Resample label or instance ids (H, W) to the target by nearest neighbour; padding is 0."""
    return _move_labels(labels, geometry.source_box, geometry.target_box, geometry.target_hw)


def invert_image(image: NDArray[np.uint8], geometry: Geometry) -> NDArray[np.uint8]:
    """Resample an image (h, w, C) back to the source size; what was cropped away is 0."""
    return _move_image(image, geometry.target_box, geometry.source_box, geometry.source_hw, pad=0)


def invert_labels(labels: NDArray[T], geometry: Geometry) -> NDArray[T]:
    """Resample labels (h, w) back to the source size; what was cropped away is 0."""
    return _move_labels(labels, geometry.target_box, geometry.source_box, geometry.source_hw)


def _move_image(
    image: NDArray[np.uint8], from_box: Box, to_box: Box, hw: tuple[int, int], pad: int
) -> NDArray[np.uint8]:
    top, left, height, width = to_box
    out = np.full((*hw, image.shape[2]), pad, dtype=np.uint8)
    out[top : top + height, left : left + width] = resample(_cut(image, from_box), (height, width))
    return out


def _move_labels(labels: NDArray[T], from_box: Box, to_box: Box, hw: tuple[int, int]) -> NDArray[T]:
    top, left, height, width = to_box
    inner = _cut(labels, from_box)
    rows = _nearest(inner.shape[0], height)
    columns = _nearest(inner.shape[1], width)
    out = np.zeros(hw, dtype=labels.dtype)
    out[top : top + height, left : left + width] = inner[rows[:, None], columns[None, :]]
    return out


def _cut(array: NDArray[Any], box: Box) -> NDArray[Any]:
    top, left, height, width = box
    return array[top : top + height, left : left + width]


def _nearest(source: int, target: int) -> NDArray[np.intp]:
    """Return for each target pixel the source pixel that holds its centre."""
    return ((2 * np.arange(target) + 1) * source // (2 * target)).astype(np.intp)


def resample(image: NDArray[np.uint8], hw: tuple[int, int]) -> NDArray[np.uint8]:
    """Resize (H, W, C) uint8: area average when shrinking, cubic when enlarging."""
    if image.shape[:2] == hw:
        return image
    shrinks = hw[0] <= image.shape[0] and hw[1] <= image.shape[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC
    resized = cv2.resize(np.ascontiguousarray(image), (hw[1], hw[0]), interpolation=how)
    return np.asarray(resized, dtype=np.uint8).reshape(*hw, image.shape[2])
