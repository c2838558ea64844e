"""Cut perturbation: some objects are taken out of the mask, each with all of its classes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from pydantic import Field

from medsynth.core.types import Mask
from medsynth.masks.copying import only
from medsynth.masks.instances import renumber
from medsynth.masks.objects import find_objects
from medsynth.masks.perturbation import DrawContext, PerturbationOptions, Step


class CutOptions(PerturbationOptions):
    """How many objects are taken out, and how many stay."""

    strength: float = Field(default=1.0, ge=0, le=1)
    """The chance of each object that is picked to be taken out."""

    max_objects: int = Field(default=3, ge=1, le=100_000)
    """From one object up to this many are picked."""

    max_fraction: float = Field(default=0.5, ge=0, le=1)
    """But no more than this fraction of the mask's objects, rounded down."""


class Cut:
    """Takes out whole objects; by default at least half of them stay."""

    name: ClassVar[str] = "cut"
    options_type: ClassVar[type[PerturbationOptions]] = CutOptions

    def __init__(self, options: CutOptions | None = None) -> None:
        self.options = options or CutOptions()

    def draw(self, rng: np.random.Generator, context: DrawContext) -> Step:
        """Pick the objects, all equally likely."""
        o = self.options
        _, count = find_objects(context.mask)
        most = min(o.max_objects, int(count * o.max_fraction))
        picked = rng.choice(count, int(rng.integers(1, most + 1)), replace=False) if most else ()
        numbers = sorted(int(k) + 1 for k in picked if rng.random() < o.strength)
        return Step(self.name, {"objects": numbers})

    def apply(self, mask: Mask, step: Step, sources: Mapping[str, Mask]) -> Mask:  # noqa: ARG002
        """Make the step's objects background."""
        objects, count = find_objects(mask)
        stays = np.ones(count + 1, bool)
        stays[[k for k in step.params["objects"] if k <= count]] = False
        rest = only(mask, stays[objects])
        return Mask(rest.labels, None if rest.instances is None else renumber(rest.instances))
