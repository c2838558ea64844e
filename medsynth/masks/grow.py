"""Grow perturbation: signed-distance dilation or erosion of all objects by some pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from pydantic import Field

from medsynth.core.types import Mask
from medsynth.masks.boundary import move_boundary
from medsynth.masks.layers import change_layers
from medsynth.masks.nesting import as_pairs
from medsynth.masks.perturbation import DrawContext, PerturbationOptions, Step


class GrowOptions(PerturbationOptions):
    """How far boundaries move outwards and inwards."""

    max_grow_px: float = Field(default=4.0, ge=0, le=1000)
    """Boundaries move outwards by up to this."""

    max_shrink_px: float = Field(default=4.0, ge=0, le=1000)
    """Boundaries move inwards by up to this."""

    max_of_radius: float = Field(default=0.3, ge=0, lt=1)
    """But never by more than this fraction of the object's radius, so that small ones last."""


class Grow:
    """Grows or shrinks all objects alike; nested classes with those around them."""

    name: ClassVar[str] = "grow"
    options_type: ClassVar[type[PerturbationOptions]] = GrowOptions

    def __init__(self, options: GrowOptions | None = None) -> None:
        self.options = options or GrowOptions()

    def draw(self, rng: np.random.Generator, context: DrawContext) -> Step:
        """Draw one amount for the mask, evenly from all of its range."""
        o = self.options
        amount = o.strength * rng.uniform(-o.max_shrink_px, o.max_grow_px)
        params = {"grow_px": round(float(amount), 3), "max_of_radius": o.max_of_radius}
        return Step(self.name, params | {"nested": as_pairs(context.nested)})

    def apply(self, mask: Mask, step: Step, sources: Mapping[str, Mask]) -> Mask:  # noqa: ARG002
        """Move every layer's boundary by the step's amount."""
        p = step.params
        offset = np.full((1, 1), p["grow_px"], np.float32)
        return change_layers(
            mask, dict(p["nested"]), lambda layer: move_boundary(layer, offset, p["max_of_radius"])
        )
