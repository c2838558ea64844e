"""The contract of an objective: what the second phase of a fit minimises.

A plugin registers its class in the entry-point group `medsynth.objectives`.
"""

from __future__ import annotations

from typing import Protocol

from medsynth.core.registry import Registry
from medsynth.model.network import HintedDiffusion
from medsynth.model.siamese import StepInput, StepLosses
from medsynth.model.siamese_options import SiameseOptions


class Objective(Protocol):
    """A training step as a module, so that it can be wrapped for several processes.

    One that leaves samples out may have a method `rows(batch, progress)`: it is asked of the batch
    while that is on the CPU, and its answer, moved by its `to(device)`, is the third argument of
    the call.
    """

    @staticmethod
    def prepare(network: HintedDiffusion) -> None:
        """Give a network what this objective alone trains, as `network.teacher`, if anything."""

    def __init__(self, network: HintedDiffusion, options: SiameseOptions) -> None:
        """Take the network, with its ControlNet, and the weights and thresholds."""

    def __call__(self, batch: StepInput, progress: float) -> StepLosses:
        """Return the losses; `progress` is s/T, finished steps over planned ones, in [0, 1)."""


OBJECTIVES: Registry[type[Objective]] = Registry("medsynth.objectives", "objective")
