"""Vessel-widen perturbation: each branch gets another calibre."""

from __future__ import annotations

from collections.abc import Mapping
from math import log1p
from typing import ClassVar

import numpy as np
from pydantic import Field

from medsynth.core.types import Mask
from medsynth.masks.copying import copied
from medsynth.masks.instances import renumber
from medsynth.masks.perturbation import DrawContext, PerturbationOptions, Step
from medsynth_vessels.branches import find_branches, nearest_on

MOST_BRANCHES = 256
"""Branches beyond so many keep their calibre: a step must stay small."""


class VesselWidenOptions(PerturbationOptions):
    """How much calibres change."""

    max_width_change: float = Field(default=0.4, ge=0, le=4)
    """A branch's width is multiplied by between 1 / (1 + this) and 1 + this."""


class VesselWiden:
    """Widens and narrows branches; none loses its skeleton, so none is torn."""

    name: ClassVar[str] = "vessel-widen"
    options_type: ClassVar[type[PerturbationOptions]] = VesselWidenOptions

    def __init__(self, options: VesselWidenOptions | None = None) -> None:
        self.options = options or VesselWidenOptions()

    def draw(self, rng: np.random.Generator, context: DrawContext) -> Step:
        """Draw a factor for each branch, even on a logarithmic axis."""
        o = self.options
        count = min(find_branches(context.mask.labels > 0).count, MOST_BRANCHES)
        most = o.strength * log1p(o.max_width_change)
        factors = np.exp(rng.uniform(-most, most, count))
        return Step(self.name, {"factors": [round(float(each), 3) for each in factors]})

    def apply(self, mask: Mask, step: Step, sources: Mapping[str, Mask]) -> Mask:  # noqa: ARG002
        """Compare each pixel's distance to the skeleton with the vessel's new radius there."""
        result, here = copied(mask), mask.labels > 0
        if not here.any():
            return result
        branches = find_branches(here)
        factors = np.ones(branches.count + 1)
        factors[1 : 1 + len(step.params["factors"])] = step.params["factors"]
        nearest, far = nearest_on(branches.skeleton)
        factor = factors[branches.number.ravel()[nearest]]
        within = far < branches.radius_px.ravel()[nearest] * factor
        gained = np.flatnonzero((~here & within & (factor > 1)).ravel())
        lost = here & ~within & ~branches.skeleton & (factor < 1)
        source = nearest.ravel()[gained]
        result.labels.ravel()[gained] = mask.labels.ravel()[source]
        result.labels[lost] = 0
        if result.instances is None or mask.instances is None:
            return result
        result.instances.ravel()[gained] = mask.instances.ravel()[source]
        result.instances[lost] = 0
        return Mask(result.labels, renumber(result.instances))
