"""A smooth random field with no waves shorter than asked for, and no mean of its own.

Values at the points of a lattice, less the mean of their neighbours, between which a
cubic B-spline runs. The values come from a hash of lattice point and number, not from a
random generator, so that a step that holds the number alone gives the same field for ever.
"""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray

from medsynth.masks.box import Window
from medsynth.masks.spline import spline_weights

WHOLE: Window = (slice(None), slice(None))

UNIT = 5.43
"""What makes the root mean square of the field 1: measured over 200 fields of 300x300."""


def noise_field(
    hw: tuple[int, int], wavelength_px: float, number: int, window: Window = WHOLE
) -> NDArray[np.float32]:
    """Return an (H, W) float32 field with a root mean square of about 1.

    Args:
        hw: height and width in pixels.
        wavelength_px: length of its shortest waves; the lattice is half as wide.
        number: which field, from 0 to 2**64 - 1.
        window: the part of it to return.
    """
    rows, cols = (max(1, ceil(2 * side / wavelength_px)) for side in hw)
    values = lattice_values(rows + 5, cols + 5, number)
    values = UNIT * (values[1:-1, 1:-1] - mean_of_nine(values))
    down, across = spline_weights(hw[0], rows)[window[0]], spline_weights(hw[1], cols)[window[1]]
    return (down @ values @ across.T).astype(np.float32)


def lattice_values(rows: int, cols: int, number: int) -> NDArray[np.float64]:
    """Return (rows, cols) float64 values, even over [-1, 1), by a hash of place and number.

    The hash ends in the mixing function of Steele, Lea and Flood 2014, "Fast splittable
    pseudorandom number generators".
    """
    down = np.arange(rows, dtype=np.uint64)[:, None] << np.uint64(32)
    place = (down + np.arange(cols, dtype=np.uint64)).astype(np.uint64)
    mixed = _mix(_mix(place + np.uint64(0x9E3779B97F4A7C15)) ^ np.uint64(number))
    return (mixed >> np.uint64(11)).astype(np.float64) / 2**52 - 1


def _mix(z: NDArray[np.uint64]) -> NDArray[np.uint64]:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def mean_of_nine(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the mean of each inner value and its eight neighbours, (rows - 2, cols - 2)."""
    by_row = values[:-2] + values[1:-1] + values[2:]
    return (by_row[:, :-2] + by_row[:, 1:-1] + by_row[:, 2:]) / 9
