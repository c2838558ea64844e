"""Slices to a volume: arrays and affines, no files."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from nibabel.orientations import (
    aff2axcodes,
    apply_orientation,
    axcodes2ornt,
    inv_ornt_aff,
    ornt_transform,
)
from numpy.typing import NDArray

from medsynth.core.types import Geometry, Sample
from medsynth_medical_io.places import Place

RGB = np.dtype([("R", "u1"), ("G", "u1"), ("B", "u1")])
"""Colours as NIfTI-1 holds them."""


@dataclass(frozen=True, slots=True, eq=False)
class Stack:
    """A volume to write.

    image: (W, H, K) uint8 or `RGB`; labels: (W, H, K) uint8; instances: uint16 or None.
    affine: (4, 4) from voxel to millimetres, RAS.
    """

    image: NDArray[Any]
    labels: NDArray[np.uint8]
    instances: NDArray[np.uint16] | None
    affine: NDArray[np.float64]


def stack_slices(samples: Iterable[tuple[int, Sample]], slices: int) -> Stack:
    """Return samples of one size at their slice numbers; slices without a sample are 0.

    The affine is that of a grid of 1 mm.
    """
    image: NDArray[Any] | None = None
    labels: NDArray[Any] | None = None
    instances: NDArray[Any] | None = None
    for number, sample in samples:
        height, width = sample.mask.hw
        if image is None or labels is None:
            kind = np.dtype(np.uint8) if sample.image.shape[2] == 1 else RGB
            image = np.zeros((width, height, slices), kind)
            labels = np.zeros((width, height, slices), np.uint8)
        image[..., number] = _voxels(sample.image)
        labels[..., number] = sample.mask.labels.T
        if sample.mask.instances is not None:
            if instances is None:
                instances = np.zeros(labels.shape, np.uint16)
            instances[..., number] = sample.mask.instances.T
    assert image is not None
    assert labels is not None
    return Stack(image, labels, instances, np.eye(4))


def at_place(stack: Stack, place: Place, geometry: Geometry | None) -> Stack:
    """Return a stack where its source volume lies.

    At the size of the source its axes are those of the source file, voxel for voxel; at the
    model's size it stays in its view, cut and scaled as `geometry` says.
    """
    if geometry is not None and not _unchanged(geometry):
        affine = place.affine @ to_source(geometry)
        return Stack(stack.image, stack.labels, stack.instances, affine)
    view = "".join(aff2axcodes(place.affine))
    turn = ornt_transform(axcodes2ornt(view), axcodes2ornt(place.axes))
    arrays = [
        None if array is None else np.ascontiguousarray(apply_orientation(array, turn))
        for array in (stack.image, stack.labels, stack.instances)
    ]
    assert arrays[0] is not None
    assert arrays[1] is not None
    affine = place.affine @ inv_ornt_aff(turn, stack.labels.shape)
    return Stack(arrays[0], arrays[1], arrays[2], affine)


def to_source(geometry: Geometry) -> NDArray[np.float64]:
    """Return the (4, 4) map from (column, row, slice) of the model's picture to the source's."""
    out = np.eye(4)
    boxes = zip(geometry.source_box[:2], geometry.source_box[2:],
                geometry.target_box[:2], geometry.target_box[2:], strict=True)  # fmt: skip
    for axis, (start, side, target_start, target_side) in zip((1, 0), boxes, strict=True):
        scale = side / target_side
        out[axis, axis] = scale
        out[axis, 3] = start - 0.5 + (0.5 - target_start) * scale
    return out


def _unchanged(geometry: Geometry) -> bool:
    whole = (0, 0, *geometry.source_hw)
    return geometry.source_box == geometry.target_box == whole


def _voxels(image: NDArray[np.uint8]) -> NDArray[Any]:
    """Return (H, W, C) as (W, H) of grey or `RGB`."""
    if image.shape[2] == 1:
        return image[..., 0].T
    return np.ascontiguousarray(image).view(RGB)[..., 0].T
