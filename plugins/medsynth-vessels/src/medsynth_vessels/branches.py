"""The branches of a vessel tree: pieces of its skeleton between junctions and tips."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import convolve, distance_transform_edt, label
from skimage.morphology import skeletonize

from medsynth.masks.nearest import nearest_in

SQUARE = np.ones((3, 3), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Branches:
    """A vessel tree.

    skeleton: (H, W) bool, a pixel wide.
    number: (H, W) int32 branch 1..n on the skeleton; 0 elsewhere, and on junctions.
    count: n.
    radius_px: (H, W) float64 distance of vessel pixels to the vessel's edge.
    tips: (k, 2) int64 places where branches end.
    """

    skeleton: NDArray[np.bool_]
    number: NDArray[np.int32]
    count: int
    radius_px: NDArray[np.float64]
    tips: NDArray[np.int64]

    def outermost(self) -> NDArray[np.int64]:
        """Return the (k,) numbers of the branches that end in one tip, and hang on a junction."""
        ends = np.bincount(self.number[tuple(self.tips.T)], minlength=self.count + 1)
        return np.flatnonzero(ends[1:] == 1) + 1


def find_branches(vessels: NDArray[np.bool_]) -> Branches:
    """Return the branches of an (H, W) bool map of vessels."""
    skeleton = skeletonize(vessels)
    degree = convolve(skeleton.astype(np.uint8), SQUARE, mode="constant") - 1
    number, count = label(skeleton & (degree < 3), SQUARE)
    tips = np.argwhere(skeleton & (degree == 1))
    if vessels.all():  # no edge: as wide as the picture
        radius = np.full(vessels.shape, min(vessels.shape) / 2)
        return Branches(skeleton, number.astype(np.int32), int(count), radius, tips)
    radius = distance_transform_edt(vessels) - 0.5 * vessels
    return Branches(skeleton, number.astype(np.int32), int(count), radius, tips)


def nearest_on(skeleton: NDArray[np.bool_]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return, for each pixel, the nearest of a skeleton that is not empty, and how far it is.

    Returns:
        (H, W) int64 flat indices and (H, W) float64 distances in pixels.
    """
    nearest, far = np.arange(skeleton.size).reshape(skeleton.shape), np.zeros(skeleton.shape)
    outside, inside, distance = nearest_in(skeleton)
    nearest.ravel()[outside], far.ravel()[outside] = inside, distance
    return nearest, far
