"""Label volumes: whether they are labels, lie on their image's grid, and where they are not 0."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsynth_medical_io.complaints import Complaints
from medsynth_medical_io.volume import Volume

NEAR_MM = 1e-2
"""How far the corners of two grids may lie apart."""
MOST_LABEL = 65535


def foreground_of(
    labels: Volume, view: str, path: PurePosixPath, complaints: Complaints
) -> NDArray[np.bool_] | None:
    """Return (K,) which slices have a label, or None where that is a complaint instead."""
    try:
        planes = [labels.plane(view, k) for k in range(labels.shape_in(view)[2])]
    except ValueError as error:
        complaints.add("volume-unreadable", path, str(error))
        return None
    fault = next((found for plane in planes if (found := _label_fault(plane))), None)
    if fault is not None:
        complaints.add("volume-labels", path, fault)
        return None
    return np.array([plane.any() for plane in planes])


def grid_fault(
    shape: tuple[int, ...], affine: NDArray[Any], own: tuple[int, ...], other: NDArray[Any]
) -> str | None:
    """Return how labels lie otherwise than their image, as a part of a sentence.

    Args:
        shape, affine: (W, H, K) and (4, 4) of the image in a view.
        own, other: those of the labels.
    """
    if shape != own:
        sizes = ["x".join(map(str, each)) for each in (own, shape)]
        return f"it is {sizes[0]} but its image is {sizes[1]}"
    corners = np.array([[x, y, z, 1] for x in (0, 1) for y in (0, 1) for z in (0, 1)])
    corners = corners * np.array([*(np.array(shape) - 1), 1])
    apart = np.abs(corners @ (affine - other).T).max()
    return f"it lies up to {apart:.3g} mm beside its image" if apart > NEAR_MM else None


def _label_fault(pixels: NDArray[Any]) -> str | None:
    """Return what makes a plane no labels, as a part of a sentence."""
    if not np.isfinite(pixels).all():
        return "it holds NaN or infinite values"
    if pixels.dtype.kind == "f" and (pixels % 1).any():
        return "it holds fractions"
    if pixels.min() < 0 or pixels.max() > MOST_LABEL:
        return f"it holds values from {pixels.min():g} to {pixels.max():g}"
    return None
