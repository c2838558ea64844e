"""Smooth perturbation: takes away the steps that resampling leaves on outlines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import cv2
import numpy as np
from pydantic import Field

from medsynth.core.types import Mask
from medsynth.masks.boundary import around, changed_within, moved
from medsynth.masks.copying import copied
from medsynth.masks.layers import change_layers
from medsynth.masks.nesting import as_pairs
from medsynth.masks.perturbation import DrawContext, PerturbationOptions, Step

NEXT_PIXEL_PX = np.float32(0.6)
"""Moves a boundary over the pixel beside it, half a pixel away, and over no other."""
MOST_OF_RADIUS = 0.5


class SmoothOptions(PerturbationOptions):
    """How much is evened out."""

    window_px: int = Field(default=5, ge=1, le=101)
    """Pixels at an outline become what most of the square of this side around them is."""


class Smooth:
    """Evens out the outlines of objects against the background, layer by layer."""

    name: ClassVar[str] = "smooth"
    options_type: ClassVar[type[PerturbationOptions]] = SmoothOptions

    def __init__(self, options: SmoothOptions | None = None) -> None:
        self.options = options or SmoothOptions()

    def draw(self, rng: np.random.Generator, context: DrawContext) -> Step:  # noqa: ARG002
        """Take the window, scaled by the strength to an odd side; nothing is random."""
        half = round(self.options.strength * (self.options.window_px // 2))
        params = {"window_px": 2 * half + 1, "nested": as_pairs(context.nested)}
        return Step(self.name, params)

    def apply(self, mask: Mask, step: Step, sources: Mapping[str, Mask]) -> Mask:  # noqa: ARG002
        """Move each layer's boundary over the pixels that the majority is against."""
        side = step.params["window_px"]
        return change_layers(mask, dict(step.params["nested"]), lambda each: smoothed(each, side))


def smoothed(layer: Mask, side_px: int) -> Mask:
    """Return a layer with its boundary moved by at most a pixel towards the majority's."""
    here, shape = layer.labels > 0, (side_px, side_px)
    if side_px == 1 or not here.any():
        return copied(layer)
    window = around(here, side_px)
    near = cv2.boxFilter(
        here[window].view(np.uint8), cv2.CV_16S, shape, normalize=False,
        borderType=cv2.BORDER_REFLECT,
    )  # fmt: skip
    offset = (near > side_px**2 // 2).astype(np.float32) * (2 * NEXT_PIXEL_PX) - NEXT_PIXEL_PX
    return changed_within(layer, window, lambda part: moved(part, offset, MOST_OF_RADIUS))
