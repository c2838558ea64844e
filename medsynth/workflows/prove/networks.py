"""Segmenters of a proof that are MONAI's networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import torch

from medsynth.data.index import DataIndex
from medsynth.exporters.export_set import ExportSet
from medsynth.model.segmenter_options import SegmenterOptions
from medsynth.quality.gates.gate import Pairs
from medsynth.workflows.prove.arms import CLASSIC, Arm, pairs_of
from medsynth.workflows.prove.judged import Judged, own_split
from medsynth.workflows.prove.options import ProveOptions
from medsynth.workflows.prove.units import Unit, UnitStore, fit_unit, score_unit, step_seconds


class NetworkFitter:
    """Fits networks on pairs in memory; a `Fitter`.

    Args:
        index: the run's data.
        sets: arm -> what is exported of it.
        options: with the steps that the budget left.
        seed: of the recipe.
        units: where they are written.
    """

    def __init__(
        self,
        index: DataIndex,
        sets: Mapping[str, ExportSet],
        options: ProveOptions,
        seed: int,
        units: UnitStore,
    ) -> None:
        self.options = options
        self.seed = seed
        self.units = units
        self.classes = 1 + max(item.id for item in index.classes)
        self.val = own_split(index, "val").pairs
        self.pairs = cache(lambda name: pairs_of(sets[name]))

    def depends_on(self, arm: Arm, network: str) -> Any:
        """As `Fitter`."""
        options = self._options(arm, network).model_dump(mode="json")
        return [options, arm.copy_paste, arm.ending, self.options.stops]

    def fit(self, unit: Unit, device: torch.device, stop: Callable[[], bool]) -> None:
        """As `Fitter`."""
        pairs, real = self.pairs(unit.arm.name), self.pairs(CLASSIC)
        fit_unit(
            unit, pairs, real, self.val(), self._options(unit.arm, unit.network),
            self.classes, self.options.stops, self.seed, device, self.units, stop,
        )  # fmt: skip

    def score(self, unit: Unit, judged: Judged, device: torch.device) -> None:
        """As `Fitter`."""
        options = self._options(unit.arm, unit.network)
        score_unit(unit, judged.part, judged.pairs(), options, self.classes, device, self.units)

    def step_s(self, arm: Arm, device: torch.device) -> float:
        """Return the seconds of a step of the slowest network, measured now."""
        pairs: Pairs = self.pairs(arm.name)
        segmenters = [self._options(arm, name) for name in self.options.networks]
        return max(
            step_seconds(arm.draw(pairs, pairs, each, 0), each, pairs, self.classes, device)
            for each in segmenters
        )

    def _options(self, arm: Arm, network: str) -> SegmenterOptions:
        return arm.segmenter(self.options.segmenter.of(network))
