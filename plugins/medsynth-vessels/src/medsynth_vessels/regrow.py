"""Vessel-regrow perturbation: new branches leave the tree, bend, and taper off."""

from __future__ import annotations

from collections.abc import Mapping
from math import cos, radians, sin
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from medsynth.core.types import Mask
from medsynth.masks.copying import copied
from medsynth.masks.perturbation import DrawContext, PerturbationOptions, Step
from medsynth_vessels.branches import find_branches

TAPER = 0.6
"""Of its radius that a branch loses towards its tip."""
SIXTEENTHS = 4
"""Bits of the fraction of a pixel in which points and radii are drawn."""


class VesselRegrowOptions(PerturbationOptions):
    """How many branches grow, how long, and how crooked."""

    strength: float = Field(default=1.0, ge=0, le=1)
    """The chance of each branch to grow at all."""

    max_branches: int = Field(default=5, ge=1, le=100)
    """From one up to this many branches grow."""

    max_length_px: float = Field(default=40.0, gt=0, le=10_000)
    """A branch is between a quarter of this and this long."""

    max_bend_deg: float = Field(default=12.0, ge=0, le=90)
    """It turns by up to this, either way, at each step of its own radius."""

    max_radius_of_parent: float = Field(default=0.8, gt=0, le=1)
    """It starts with up to this fraction of the radius of the vessel that it leaves."""


class VesselRegrow:
    """Grows branches into the background; what stands there stays."""

    name: ClassVar[str] = "vessel-regrow"
    options_type: ClassVar[type[PerturbationOptions]] = VesselRegrowOptions

    def __init__(self, options: VesselRegrowOptions | None = None) -> None:
        self.options = options or VesselRegrowOptions()

    def draw(self, rng: np.random.Generator, context: DrawContext) -> Step:
        """Draw where branches leave the skeleton, and their course."""
        o = self.options
        branches = find_branches(context.mask.labels > 0)
        places = np.argwhere(branches.skeleton)
        grown: list[dict[str, Any]] = []
        for _ in range(int(rng.integers(1, o.max_branches + 1)) if len(places) else 0):
            start = places[int(rng.integers(len(places)))]
            radius = float(branches.radius_px[tuple(start)])
            course = self._course(rng, start, radius, context.mask.hw)
            if rng.random() < o.strength:
                grown.append({"row": int(start[0]), "col": int(start[1]), "course": course})
        return Step(self.name, {"grown": grown})

    def apply(self, mask: Mask, step: Step, sources: Mapping[str, Mask]) -> Mask:  # noqa: ARG002
        """Draw the step's branches, each in the class and instance of where it starts."""
        result = copied(mask)
        for each in step.params["grown"]:
            drawn = np.zeros(mask.hw, np.uint8)
            for row, col, radius in each["course"]:
                cv2.circle(drawn, (col, row), radius, 1, cv2.FILLED, shift=SIXTEENTHS)
            new = (drawn > 0) & (result.labels == 0)
            start = each["row"], each["col"]
            result.labels[new] = mask.labels[start]
            if result.instances is not None and mask.instances is not None:
                result.instances[new] = mask.instances[start]
        return result

    def _course(
        self,
        rng: np.random.Generator,
        start: NDArray[np.int64],
        parent_px: float,
        hw: tuple[int, int],
    ) -> list[list[int]]:
        """Return [row, col, radius] in sixteenths of a pixel, a radius apart, up to the frame."""
        o = self.options
        radius = max(1.0, parent_px * o.max_radius_of_parent * float(rng.uniform(0.5, 1)))
        length = parent_px + o.max_length_px * float(rng.uniform(0.25, 1))
        heading, (row, col) = float(rng.uniform(0, 360)), (float(each) for each in start)
        course, gone = [], 0.0
        while gone < length and 0 <= row < hw[0] and 0 <= col < hw[1]:
            taper = max(1.0, radius * (1 - TAPER * gone / length))
            course.append([round(each * 2**SIXTEENTHS) for each in (row, col, taper)])
            heading += float(rng.uniform(-1, 1)) * o.max_bend_deg
            row, col = row + taper * cos(radians(heading)), col + taper * sin(radians(heading))
            gone += taper
        return course
