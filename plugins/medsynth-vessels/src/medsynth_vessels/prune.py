"""Vessel-prune perturbation: some of the outermost branches are taken off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from pydantic import Field

from medsynth.core.types import Mask
from medsynth.masks.copying import copied, only
from medsynth.masks.instances import renumber
from medsynth.masks.perturbation import DrawContext, PerturbationOptions, Step
from medsynth_vessels.branches import find_branches, nearest_on


class VesselPruneOptions(PerturbationOptions):
    """How many branches go."""

    strength: float = Field(default=1.0, ge=0, le=1)
    """The chance of each branch that is picked to be taken off."""

    max_fraction: float = Field(default=0.3, ge=0, le=1)
    """Up to this fraction of the outermost branches are picked."""


class VesselPrune:
    """Takes off branches that end freely; the tree they hang on stays whole."""

    name: ClassVar[str] = "vessel-prune"
    options_type: ClassVar[type[PerturbationOptions]] = VesselPruneOptions

    def __init__(self, options: VesselPruneOptions | None = None) -> None:
        self.options = options or VesselPruneOptions()

    def draw(self, rng: np.random.Generator, context: DrawContext) -> Step:
        """Pick branches, all equally likely."""
        o = self.options
        found = find_branches(context.mask.labels > 0).outermost()
        most = round(len(found) * o.max_fraction)
        picked = rng.choice(found, int(rng.integers(0, most + 1)), replace=False)
        kept = sorted(int(k) for k in picked if rng.random() < o.strength)
        return Step(self.name, {"branches": kept})

    def apply(self, mask: Mask, step: Step, sources: Mapping[str, Mask]) -> Mask:  # noqa: ARG002
        """Make background of what lies nearest to the step's branches."""
        if not step.params["branches"]:
            return copied(mask)
        branches = find_branches(mask.labels > 0)
        goes = np.zeros(branches.count + 1, bool)
        goes[step.params["branches"]] = True
        nearest, _ = nearest_on(branches.skeleton)
        off = goes[branches.number.ravel()[nearest]]
        left, far = nearest_on(branches.skeleton & ~goes[branches.number])
        off &= far > branches.radius_px.ravel()[left]  # the flank of what stays is not torn out
        rest = only(mask, ~off)
        return Mask(rest.labels, None if rest.instances is None else renumber(rest.instances))
