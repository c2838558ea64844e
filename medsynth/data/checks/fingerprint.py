"""A small trace of each image, taken while it is in memory: a thumbnail and its four edges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from medsynth.data.intensities import to_channels, to_uint8
from medsynth.data.raster import Raster

THUMB_PX = 16
WINDOW = (0.5, 99.5)


@dataclass(frozen=True, slots=True, eq=False)
class Fingerprint:
    """What is kept of an image.

    thumb: (THUMB_PX * THUMB_PX * 3,) uint8, area averages of the RGB image.
    top, bottom, left, right: (W,) or (H,) uint8 grey values of the outermost lines.
    step: mean grey difference between the outermost lines and those next to them.
    """

    thumb: NDArray[np.uint8]
    top: NDArray[np.uint8]
    bottom: NDArray[np.uint8]
    left: NDArray[np.uint8]
    right: NDArray[np.uint8]
    step: float


def fingerprint(raster: Raster) -> Fingerprint:
    """Return the fingerprint of a decoded image."""
    pixels = to_uint8(raster.pixels, WINDOW)[0]
    thumb = cv2.resize(to_channels(pixels, 3), (THUMB_PX, THUMB_PX), interpolation=cv2.INTER_AREA)
    grey = to_channels(pixels, 1)[..., 0]
    sides = (grey, grey[::-1], grey.T, grey.T[::-1])
    steps = [np.abs(np.subtract(*side[:2], dtype=float)).mean() for side in sides if len(side) > 1]
    top, bottom, left, right = (side[0].copy() for side in sides)
    return Fingerprint(thumb.ravel(), top, bottom, left, right, float(np.mean(steps or [0.0])))


def unit_rows(rows: Sequence[NDArray[np.uint8]], least_sd: float) -> NDArray[np.float32]:
    """Return rows (n, d) float32 of mean 0 and length 1; rows flatter than `least_sd` are 0.

    The product of two rows is then their correlation.
    """
    matrix = np.stack(rows).astype(np.float32)
    matrix -= matrix.mean(axis=1, keepdims=True)
    length = np.linalg.norm(matrix, axis=1, keepdims=True)
    flat = length < max(least_sd, 1e-3) * np.sqrt(matrix.shape[1])
    return np.where(flat, 0, matrix / np.maximum(length, 1e-6)).astype(np.float32)
