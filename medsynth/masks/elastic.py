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
from pydantic import Field

from medsynth.core.types import Mask
from medsynth.masks.perturbation import DrawContext, PerturbationOptions, Step
from medsynth.masks.resample import Outside, sample_nearest
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
        by_row, by_col = spline_weights(height, intervals), spline_weights(width, intervals).T
        rows = by_row @ (down * (height / intervals)) @ by_col
        cols = by_row @ (across * (width / intervals)) @ by_col
        rows += np.arange(height)[:, None]
        cols += np.arange(width)
        places = np.empty((height, width, 2), np.int16)
        np.rint(cols, out=places[..., 0], casting="unsafe")
        np.rint(rows, out=places[..., 1], casting="unsafe")
        return sample_nearest(mask, places, step.params["outside"])
