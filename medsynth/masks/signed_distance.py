"""The signed distance to a shape's outline, and reading it between pixels.

In parts of a pixel that are powers of two, so that sums of float32 lose nothing and every
machine reads the same.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from medsynth.masks.box import around, box_of

PARTS = 32
"""Of a pixel, to which distances are rounded, and places that are read between pixels."""


def signed_distance(region: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return (H, W) float32 pixels to the outline of a region, negative inside.

    By a 5x5 chamfer, within 2% of the Euclidean (Borgefors 1986, "Distance transformations in
    digital images"). The outline runs midway between pixel centres; the frame is none. Where
    there is no outline at all, everything is as far away as the picture is large.

    Args:
        region: (H, W) bool.
    """
    signed = distance_out_of(~region)
    window = around(box_of(region), 1)  # what is nearest outside of the region lies beside it
    signed[window] -= distance_out_of(region[window])
    signed += region
    signed -= np.float32(0.5)
    return rounded(signed, PARTS)


def distance_out_of(region: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return (H, W) float32 distances from each pixel of a region to the nearest outside it."""
    if region.all():
        return np.full(region.shape, sum(region.shape), np.float32)
    return np.asarray(cv2.distanceTransform(region.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5))


def rounded(values: NDArray[np.float32], parts: int) -> NDArray[np.float32]:
    """Return values rounded to such parts of one, a power of two."""
    values = values * np.float32(parts)
    np.rint(values, out=values)
    values /= np.float32(parts)
    return values


def read_between(
    values: NDArray[np.float32], rows: NDArray[np.float32], cols: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return values at places between pixels, bilinear; beyond the edge, those of the edge.

    Args:
        values: (h, w) float32.
        rows: (H, W) float32 rows in `values`; whole numbers are pixel centres.
        cols: (H, W) float32 columns.

    Returns:
        (H, W) float32.
    """
    places, parts = cv2.convertMaps(cols, rows, cv2.CV_16SC2)
    return np.asarray(
        cv2.remap(values, places, parts, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    )
