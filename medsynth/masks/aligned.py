"""How alike two masks are wherever they lie: IoU after aligning centroids, flips included."""

from __future__ import annotations

import numpy as np

from medsynth.core.types import Mask
from medsynth.masks.box import around, foreground_box
from medsynth.masks.moments import Moments
from medsynth.masks.signature import symmetric


def aligned_iou(mask: Mask, other: Mask, symmetry: int, here: Moments, there: Moments) -> float:
    """Return the IoU of two masks, the second flipped and then moved onto the first.

    Pixels count as common where both have the same class. The shift is of whole pixels, so
    that the foregrounds' centroids meet; what the frame then cuts off is not common.

    Args:
        mask: one mask with foreground.
        other: the other, of any size.
        symmetry: how `other` is flipped, see `signature.symmetric`.
        here, there: moments of `mask` and of `other` as it is.
    """
    a, b = mask.labels, symmetric(other.labels, symmetry)
    row, col = moved_centre(there, other.hw, symmetry)
    rows, cols = around(foreground_box(mask), 0)
    rows_a, rows_b = _meeting(rows, b.shape[0], round(here.row - row))
    cols_a, cols_b = _meeting(cols, b.shape[1], round(here.col - col))
    a, b = a[rows_a, cols_a], b[rows_b, cols_b]
    covered = (a > 0) & (b > 0)
    both = int(np.count_nonzero(covered))
    same = np.count_nonzero(covered & (a == b))
    return float(same / max(1, here.area_px + there.area_px - both))


def moved_centre(moments: Moments, hw: tuple[int, int], symmetry: int) -> tuple[float, float]:
    """Return the centroid (row, column) of a mask of size `hw` after a symmetry."""
    row, col, (height, width) = moments.row, moments.col, hw
    if symmetry & 1:
        row, col, height, width = col, row, width, height
    return (
        height - 1 - row if symmetry & 2 else row,
        width - 1 - col if symmetry & 4 else col,
    )


def _meeting(part: slice, size: int, shift: int) -> tuple[slice, slice]:
    """Return where a part of an axis meets another of some size that is moved by `shift`."""
    first = max(part.start, shift)
    last = max(first, min(part.stop, size + shift))
    return slice(first, last), slice(first - shift, last - shift)
