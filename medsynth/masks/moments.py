"""Where a mask's foreground lies and how far it spreads: area, centroid, variances."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Moments:
    """Moments of a foreground region.

    area_px: its pixels; with none, all else is 0 but the centroid, which is the frame's.
    row, col: its centroid in pixels; whole numbers are pixel centres.
    var_rows, var_cols: variances of its pixels' rows and columns, in square pixels.
    """

    area_px: int
    row: float
    col: float
    var_rows: float
    var_cols: float

    @property
    def gyration_px(self) -> float:
        """Root mean square distance from the centroid, at least half a pixel."""
        return max(0.5, sqrt(self.var_rows + self.var_cols))

    @property
    def elongation(self) -> float:
        """0 for equal spread along rows and columns, 1 for a line along one of them."""
        return abs(self.var_rows - self.var_cols) / max(self.var_rows + self.var_cols, 0.25)


def foreground_of(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (H, W) uint8: 1 where there is any class, else 0."""
    return (labels > 0).view(np.uint8)


def moments_of(foreground: NDArray[np.uint8]) -> Moments:
    """Return the moments of an (H, W) uint8 region of 0 and 1."""
    by_row, by_col = counts_along(foreground)
    area = int(by_row.sum())
    if not area:
        height, width = foreground.shape
        return Moments(0, (height - 1) / 2, (width - 1) / 2, 0.0, 0.0)
    row, var_rows = _mean_and_variance(by_row, area)
    col, var_cols = _mean_and_variance(by_col, area)
    return Moments(area, row, col, var_rows, var_cols)


def centroid_of(foreground: NDArray[np.uint8]) -> tuple[float, float]:
    """Return the mean row and column of an (H, W) uint8 region of 0 and 1, not empty."""
    by_row, by_col = counts_along(foreground)
    area = int(by_row.sum())
    return int(by_row @ np.arange(len(by_row))) / area, int(by_col @ np.arange(len(by_col))) / area


def counts_along(foreground: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return how many pixels each row has, and each column: (H,) and (W,) int64."""
    rows, cols = (
        cv2.reduce(foreground, axis, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel() for axis in (1, 0)
    )
    return rows.astype(np.int64), cols.astype(np.int64)


def _mean_and_variance(counts: NDArray[np.int64], total: int) -> tuple[float, float]:
    """Return both of the places 0..n-1, taken so often; sums of whole numbers, so exact."""
    places = np.arange(len(counts), dtype=np.int64)
    first = int((counts * places).sum())
    second = int((counts * places * places).sum())
    return first / total, max(0.0, (second * total - first * first) / total**2)
