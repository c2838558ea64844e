"""The signed distance to a shape's outline, and reading it between pixels."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray


def signed_distance(region: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return (H, W) float64 pixels to the outline of a region, negative inside.

    The outline runs midway between pixel centres; the frame is none. Where there is no
    outline at all, everything is as far away as the picture is large.

    Args:
        region: (H, W) bool.
    """
    inside, outside = euclidean(region), euclidean(~region)
    signed: NDArray[np.float64] = np.where(region, 0.5 - inside, outside - 0.5)
    return signed


def euclidean(region: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return (H, W) float64 distances from each pixel of a region to the nearest outside it.

    Squares are rounded to whole numbers, which they are, so that every build of OpenCV
    gives the same bits.
    """
    if region.all():
        return np.full(region.shape, float(sum(region.shape)))
    far = cv2.distanceTransform(
        np.ascontiguousarray(region).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
    )
    distance: NDArray[np.float64] = np.sqrt(np.rint(far.astype(np.float64) ** 2))
    return distance


def read_between(
    values: NDArray[np.float64], rows: NDArray[np.float64], cols: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return values at places between pixels, bilinear; beyond the edge, those of the edge.

    Args:
        values: (h, w) float64.
        rows: (H, W) float64 rows in `values`; whole numbers are pixel centres.
        cols: (H, W) float64 columns.

    Returns:
        (H, W) float64.
    """
    height, width = values.shape
    rows, cols = np.clip(rows, 0, height - 1), np.clip(cols, 0, width - 1)
    top = np.minimum(rows.astype(np.int64), max(height - 2, 0))
    left = np.minimum(cols.astype(np.int64), max(width - 2, 0))
    down, across = rows - top, cols - left
    at = top * width + left
    below, beside = width * (height > 1), int(width > 1)
    flat, start = values.ravel(), values.ravel().take(at)
    upper = start + across * (flat[beside:].take(at) - start)
    start = flat[below:].take(at)
    lower = start + across * (flat[below + beside :].take(at) - start)
    result: NDArray[np.float64] = upper + down * (lower - upper)
    return result
