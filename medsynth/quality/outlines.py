"""How far the outlines of two masks lie apart."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Grey = NDArray[np.uint8]
CROSS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))


def hausdorff95_px(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> float:
    """Return the 95th percentile of the distances between the outlines of two masks, in pixels.

    Of the two directions the larger one, as MONAI has it.

    Args:
        a: (H, W) bool, with a pixel at least.
        b: the same.

    >>> square = np.pad(np.ones((4, 4), bool), 4)
    >>> hausdorff95_px(square, np.roll(square, 2, 1))
    2.0
    """
    rows, columns = (np.flatnonzero((a | b).any(axis)) for axis in (1, 0))
    window = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    outlines = [outline(each[window].astype(np.uint8)) for each in (a, b)]
    away = [distances_to(each) for each in outlines]
    there, back = (np.percentile(away[to][outlines[of] > 0], 95) for of, to in ((0, 1), (1, 0)))
    return float(max(there, back))


def outline(mask: Grey) -> Grey:
    """Return which pixels of (H, W) 0/1 have a side to the background or the picture's edge."""
    inner = cv2.erode(mask, CROSS, borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(mask - inner, np.uint8)


def distances_to(outline_: Grey) -> NDArray[np.float32]:
    """Return (H, W) float32 distances in pixels to the nearest pixel of an outline."""
    found = cv2.distanceTransform(1 - outline_, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(found, np.float32)
