"""Where foreground usually lies: a coarse map of the training masks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from math import nan

import cv2
import numpy as np
from numpy.typing import NDArray

GRID = 32
MIDDLES = 2 * np.arange(GRID) + 1
"""Of the cells, in halves of a cell."""
SMOOTHING = 5
"""Cells over which the map is averaged, so that a neighbouring place counts as seen."""


class PlaceMap:
    """The share of the training masks that have foreground at each place.

    Args:
        cells: (n, 32, 32) uint8 of 0 and 1: `cells_of` each training mask.
    """

    def __init__(self, cells: Sequence[NDArray[np.uint8]]) -> None:
        self._count = len(cells)
        self._total = np.zeros((GRID, GRID))
        for each in cells:
            self._total += each

    def usualness(self, cells: NDArray[np.uint8], one_of_them: bool = False) -> float:
        """Return how usual a mask's places are, 0 to 1: the map's mean over its foreground.

        `one_of_them` leaves the mask itself out of the map. NaN without foreground.
        """
        others = self._count - one_of_them
        if not cells.any() or not others:
            return nan
        usual = smoothed((self._total - cells) / others) if one_of_them else self._usual
        return round(float(usual[cells > 0].mean()), 6)

    @cached_property
    def _usual(self) -> NDArray[np.float64]:
        return smoothed(self._total / self._count)


def smoothed(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (32, 32) shares averaged over the cells around each."""
    return np.asarray(cv2.blur(shares, (SMOOTHING, SMOOTHING), borderType=cv2.BORDER_REPLICATE))


def cells_of(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (32, 32) uint8: whether there is foreground at points spread evenly over the mask."""
    height, width = labels.shape
    rows, cols = MIDDLES * height // (2 * GRID), MIDDLES * width // (2 * GRID)
    cells: NDArray[np.uint8] = (labels[rows[:, None], cols] > 0).view(np.uint8)
    return cells
