"""Where foreground usually lies: a coarse map of the training masks."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan

import cv2
import numpy as np
from numpy.typing import NDArray

GRID = 32
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
        total = self._total - cells if one_of_them else self._total
        usual = cv2.blur(total / others, (SMOOTHING, SMOOTHING), borderType=cv2.BORDER_REPLICATE)
        return round(float(usual[cells > 0].mean()), 6)


def cells_of(labels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (32, 32) uint8: whether there is foreground at points spread evenly over the mask."""
    height, width = labels.shape
    rows = (2 * np.arange(GRID) + 1) * height // (2 * GRID)
    cols = (2 * np.arange(GRID) + 1) * width // (2 * GRID)
    cells: NDArray[np.uint8] = np.minimum(labels[rows[:, None], cols], np.uint8(1))
    return cells
