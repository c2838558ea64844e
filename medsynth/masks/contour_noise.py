"""Contour-noise perturbation: band-limited noise on the signed distance of the boundaries."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import ClassVar

import numpy as np
from pydantic import Field, model_validator

from medsynth.core.types import Mask
from medsynth.masks.boundary import move_boundary
from medsynth.masks.box import around, foreground_box
from medsynth.masks.copying import copied
from medsynth.masks.layers import change_layers
from medsynth.masks.nesting import as_pairs
from medsynth.masks.noise_field import noise_field
from medsynth.masks.perturbation import DrawContext, PerturbationOptions, Step

HIGHEST = 5
"""Waves are no higher than this many times their root mean square."""


class ContourNoiseOptions(PerturbationOptions):
    """How far and how finely contours waver."""

    max_rms_px: float = Field(default=2.0, ge=0, le=1000)
    """The root mean square of the contours' shift is up to this."""

    min_wavelength_px: float = Field(default=16.0, ge=4, le=10_000)
    """The finest waves are this long; shorter ones would look like jagged edges."""

    max_wavelength_px: float = Field(default=48.0, ge=4, le=10_000)
    """The finest waves are up to this long; each mask draws its own length between the two."""

    max_of_radius: float = Field(default=0.3, ge=0, lt=1)
    """No contour shifts by more than this fraction of its object's radius."""

    @model_validator(mode="after")
    def _ordered(self) -> ContourNoiseOptions:
        if self.min_wavelength_px > self.max_wavelength_px:
            raise ValueError("min_wavelength_px is more than max_wavelength_px")
        return self


class ContourNoise:
    """Lets all contours waver; nested classes with those around them."""

    name: ClassVar[str] = "contour-noise"
    options_type: ClassVar[type[PerturbationOptions]] = ContourNoiseOptions

    def __init__(self, options: ContourNoiseOptions | None = None) -> None:
        self.options = options or ContourNoiseOptions()

    def draw(self, rng: np.random.Generator, context: DrawContext) -> Step:
        """Draw the size and the length of the waves, and the field's own seed.

        Waves are never higher than a sixth of their length, or contours would tear.
        """
        o = self.options
        wavelength = round(rng.uniform(o.min_wavelength_px, o.max_wavelength_px), 2)
        rms = min(o.strength * rng.uniform(0, o.max_rms_px), wavelength / 6)
        params = {
            "rms_px": round(float(rms), 3),
            "wavelength_px": wavelength,
            "field": int(rng.integers(2**32)),
            "max_of_radius": o.max_of_radius,
        }
        return Step(self.name, params | {"nested": as_pairs(context.nested)})

    def apply(self, mask: Mask, step: Step, sources: Mapping[str, Mask]) -> Mask:  # noqa: ARG002
        """Move every layer's boundary by the field."""
        p = step.params
        box, rms = foreground_box(mask), np.float32(p["rms_px"])
        if not rms or not box[2]:
            return copied(mask)
        window = around(box, ceil(HIGHEST * rms) + 1)
        offset = np.zeros(mask.hw, np.float32)
        offset[window] = rms * noise_field(mask.hw, p["wavelength_px"], p["field"], window)
        return change_layers(
            mask, dict(p["nested"]), lambda layer: move_boundary(layer, offset, p["max_of_radius"])
        )
