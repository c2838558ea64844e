"""Smooth perturbation: takes away the steps that resampling leaves on outlines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from medsynth.core.types import Mask
from medsynth.masks.boundary import changed_within, filled, moved
from medsynth.masks.box import around, foreground_box
from medsynth.masks.copying import copied
from medsynth.masks.layers import change_layers
from medsynth.masks.nearest import CROSS, only_label
from medsynth.masks.nesting import as_pairs
from medsynth.masks.objects import count_pieces, find_objects
from medsynth.masks.perturbation import DrawContext, PerturbationOptions, Step
from medsynth.masks.touching import most_and_least, touching

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
    box = foreground_box(layer)
    if side_px == 1 or not box[2]:
        return copied(layer)
    return changed_within(layer, around(box, side_px), lambda part: _smoothed(part, side_px))


def _smoothed(part: Mask, side_px: int) -> Mask:
    here = (part.labels > 0).view(np.uint8)
    near: Any = cv2.boxFilter(
        here, cv2.CV_16S, (side_px, side_px), normalize=False, borderType=cv2.BORDER_REFLECT
    )
    majority = near > side_px**2 // 2
    region = cv2.dilate(here, CROSS).view(bool) & majority | cv2.erode(here, CROSS).view(bool)
    found = spread_whole(part, region)
    if found is not None:
        return found
    offset = majority * (2 * NEXT_PIXEL_PX) - NEXT_PIXEL_PX
    return moved(part, offset, MOST_OF_RADIUS)


def spread_whole(part: Mask, region: NDArray[np.bool_]) -> Mask | None:
    """Return objects laid out anew in a region that is theirs but for a pixel at their outlines.

    Pixels by which two would touch stay free. None where it is not plain what becomes of
    them: there are several classes, or an object touches another, is gone or in pieces.
    """
    label = only_label(part.labels)
    if label is None:
        return None
    objects, count = find_objects(part)
    if count == 1:
        return filled(part, region, label) if count_pieces(region) == 1 else None
    ids = objects.astype(np.uint16)
    laid = np.asarray(cv2.dilate(ids, CROSS))
    np.copyto(laid, ids, where=ids > 0)
    laid *= region
    most, least = most_and_least(laid, 1)
    meet = (most != least) & region
    if meet.any():
        laid *= ~meet | (ids > 0)
        if touching(laid):
            return None
    region = laid > 0
    if count_pieces(region) != count or not np.bincount(laid[region])[1:].all():
        return None
    return Mask(region * label, None if part.instances is None else laid)
