"""Affine perturbation: rotation, anisotropic scale, shear and shift about the centre."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from math import cos, log1p, radians, sin, tan
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from medsynth.core.types import Mask
from medsynth.masks.box import Window
from medsynth.masks.copying import copied
from medsynth.masks.mirror import Outside, Span, seen_of
from medsynth.masks.perturbation import DrawContext, PerturbationOptions, Step
from medsynth.masks.resample import sample_nearest, window_of

DECIMALS = 9
"""Coefficients are rounded so that libraries whose sines differ in the last bit agree."""


class AffineOptions(PerturbationOptions):
    """How far a mask may turn, grow, lean and move."""

    max_rotation_deg: float = Field(default=20.0, ge=0, le=180)
    """Rotation either way, in degrees."""

    max_scale_change: float = Field(default=0.2, ge=0, le=4)
    """Scale lies between 1 / (1 + this) and 1 + this, even on a logarithmic axis."""

    max_anisotropy: float = Field(default=0.1, ge=0, le=4)
    """Further scale of the height alone, drawn in the same way."""

    max_shear_deg: float = Field(default=8.0, ge=0, le=60)
    """Shear along the columns either way, in degrees."""

    max_shift_fraction: float = Field(default=0.1, ge=0, le=1)
    """Shift either way, as a fraction of the picture's height and width."""

    outside: Outside = "mirror"
    """What comes in from beyond the picture: mirror lets cut objects go on, or background."""


class Affine:
    """Turns, scales, shears and shifts the whole mask, classes and instances alike."""

    name: ClassVar[str] = "affine"
    options_type: ClassVar[type[PerturbationOptions]] = AffineOptions

    def __init__(self, options: AffineOptions | None = None) -> None:
        self.options = options or AffineOptions()

    def draw(self, rng: np.random.Generator, context: DrawContext) -> Step:  # noqa: ARG002
        """Draw each amount evenly from its range, scaled by the strength."""
        o = self.options
        amounts = rng.uniform(-o.strength, o.strength, 6)
        growth = amounts[1] * log1p(o.max_scale_change)
        params = {
            "rotation_deg": amounts[0] * o.max_rotation_deg,
            "scale_rows": np.exp(growth + amounts[2] * log1p(o.max_anisotropy)),
            "scale_cols": np.exp(growth),
            "shear_deg": amounts[3] * o.max_shear_deg,
            "shift_rows_fraction": amounts[4] * o.max_shift_fraction,
            "shift_cols_fraction": amounts[5] * o.max_shift_fraction,
        }
        rounded = {key: round(float(value), 6) for key, value in params.items()}
        return Step(self.name, {**rounded, "outside": o.outside})

    def apply(self, mask: Mask, step: Step, sources: Mapping[str, Mask]) -> Mask:  # noqa: ARG002
        """Read each pixel where the inverse map points, by the nearest neighbour."""
        p = step.params
        inverse = inverse_matrix(
            p["rotation_deg"], p["scale_rows"], p["scale_cols"], p["shear_deg"]
        )
        height, width = mask.hw
        centre = np.array([(height - 1) / 2, (width - 1) / 2])
        shift = np.array([p["shift_rows_fraction"] * height, p["shift_cols_fraction"] * width])
        offset = np.round(centre - inverse @ (centre + shift), DECIMALS)
        seen = seen_of(mask, p["outside"])
        if seen is None:
            return copied(mask)
        window = seen_window((seen.rows, seen.cols), inverse, offset, mask.hw)
        rows, cols = (
            whole_places(slopes, start - span[0], window)
            for slopes, start, span in zip(
                inverse, offset.tolist(), (seen.rows, seen.cols), strict=True
            )
        )
        return sample_nearest(seen, rows, cols, window, mask.hw)


FRACTION_BITS = 12
"""Of the fixed-point places: a pixel in 4096 is finer than any mask is drawn."""


def seen_window(
    box: tuple[Span, Span],
    inverse: NDArray[np.float64],
    offset: NDArray[np.float64],
    hw: tuple[int, int],
) -> Window:
    """Return the pixels that may come from a box: `inverse @ pixel + offset` lies in it."""
    corners = np.array(list(product(*((low - 1, high + 1) for low, high in box))), np.float64)
    found = np.linalg.solve(inverse, (corners - offset).T)
    (top, left), (bottom, right) = found.min(1).tolist(), found.max(1).tolist()
    return window_of((top - 1, bottom + 1), (left - 1, right + 1), hw)


def whole_places(slopes: NDArray[np.float64], offset: float, window: Window) -> NDArray[np.int16]:
    """Return slopes[0] * row + slopes[1] * column + offset of a window, (h, w) int16, rounded.

    In fixed point: a sum of two whole numbers a pixel, the same on every machine. Places
    more than 16,383 pixels away count as that far.
    """
    most = 2 ** (14 + FRACTION_BITS) - 1
    by_row, by_col = (
        np.rint((slope * np.arange(side.start, side.stop) + start) * 2**FRACTION_BITS)
        .clip(-most, most)
        .astype(np.int32)
        for slope, side, start in zip(slopes, window, (offset + 0.5, 0.0), strict=True)
    )
    places: NDArray[np.int32] = by_row[:, None] + by_col
    places >>= FRACTION_BITS
    return places.astype(np.int16)


def inverse_matrix(
    rotation_deg: float, scale_rows: float, scale_cols: float, shear_deg: float
) -> NDArray[np.float64]:
    """Return the (2, 2) float64 inverse of rotation x shear x scale, in (row, column) order."""
    turn = radians(rotation_deg)
    unrotate = np.array([[cos(turn), sin(turn)], [-sin(turn), cos(turn)]])
    unshear = np.array([[1.0, 0.0], [-tan(radians(shear_deg)), 1.0]])
    unscale = np.diag([1 / scale_rows, 1 / scale_cols])
    inverse: NDArray[np.float64] = np.round(unscale @ unshear @ unrotate, DECIMALS)
    return inverse
