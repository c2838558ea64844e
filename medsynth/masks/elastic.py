"""Elastic perturbation: a smooth free-form deformation that cannot fold.

The displacement is a uniform cubic B-spline over a coarse grid of control points
(Rueckert et al. 1999, "Nonrigid registration using free-form deformations"). While no
control point moves by more than 0.48 of the grid spacing the map is one to one (Choi and
Lee 2000, "Injectivity conditions of 2D and 3D uniform cubic B-spline functions"), so
nothing is torn, and a nucleus inside a cell stays inside it.
"""

from __future__ import annotations

from collections.abc import Mapping
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
from medsynth.masks.spline import spline_weights


class ElasticOptions(PerturbationOptions):
    """How fine and how far the mask is bent."""

    grid_intervals: int = Field(default=4, ge=1, le=32)
    """Intervals of the control grid along each side; more bends finer, and less far."""

    max_shift_of_spacing: float = Field(default=0.35, ge=0, le=0.48)
    """Control points move up to this fraction of the grid spacing; above 0.48 it could fold."""

    outside: Outside = "mirror"
    """What comes in from beyond the picture: mirror lets cut objects go on, or background."""


class Elastic:
    """Bends the whole mask smoothly, classes and instances alike."""

    name: ClassVar[str] = "elastic"
    options_type: ClassVar[type[PerturbationOptions]] = ElasticOptions

    def __init__(self, options: ElasticOptions | None = None) -> None:
        self.options = options or ElasticOptions()

    def draw(self, rng: np.random.Generator, context: DrawContext) -> Step:  # noqa: ARG002
        """Draw how far each control point moves; the step holds the grid itself.

        A seed would be shorter, but numpy does not promise the same numbers for ever.
        """
        o = self.options
        side = o.grid_intervals + 3
        most = o.strength * o.max_shift_of_spacing
        grid = np.round(rng.uniform(-most, most, (2, side, side)), 4)
        return Step(
            self.name,
            {"rows_of_spacing": grid[0].tolist(), "cols_of_spacing": grid[1].tolist()}
            | {"outside": o.outside},
        )

    def apply(self, mask: Mask, step: Step, sources: Mapping[str, Mask]) -> Mask:  # noqa: ARG002
        """Read each pixel at its own place plus the displacement there."""
        height, width = mask.hw
        down = np.asarray(step.params["rows_of_spacing"], np.float64)
        across = np.asarray(step.params["cols_of_spacing"], np.float64)
        intervals = len(down) - 3
        down, across = down * (height / intervals), across * (width / intervals)
        seen = seen_of(mask, step.params["outside"])
        if seen is None:
            return copied(mask)
        window = seen_window((seen.rows, seen.cols), down, across, mask.hw)
        by_row = spline_weights(height, intervals)[window[0]]
        by_col = spline_weights(width, intervals)[window[1]].T
        row = np.arange(height)[window[0], None] - seen.rows[0]
        col = np.arange(width)[window[1]] - seen.cols[0]
        rows = np.hstack([by_row @ down, row]) @ np.vstack([by_col, np.ones_like(col)])
        cols = np.hstack([by_row @ across, np.ones_like(row)]) @ np.vstack([by_col, col])
        return sample_nearest(seen, nearest(rows), nearest(cols), window, mask.hw)


def nearest(places: NDArray[np.float64]) -> NDArray[np.int16]:
    """Return places rounded to whole pixels."""
    return np.rint(places, out=places).astype(np.int16)


def seen_window(
    box: tuple[Span, Span],
    down: NDArray[np.float64],
    across: NDArray[np.float64],
    hw: tuple[int, int],
) -> Window:
    """Return the pixels that may come from a box; none moves further than a control point."""
    rows, cols = (
        (low - float(grid.max()) - 1, high - float(grid.min()) + 1)
        for (low, high), grid in zip(box, (down, across), strict=True)
    )
    return window_of(rows, cols, hw)
