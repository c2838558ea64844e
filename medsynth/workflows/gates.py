"""The gates of a run: made once from its real pairs, then asked about every image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from filelock import FileLock

from medsynth.data.load import load_sample
from medsynth.data.records import DataIndex, Item
from medsynth.io.atomic import remove_leftovers, write_json
from medsynth.io.runs import Run
from medsynth.quality.gates.gate import GATES, Gate, GateContext, Pairs, Predict, Verdict
from medsynth.quality.gates.options import GateMode
from medsynth.workflows.cross_fit import CrossFitted
from medsynth.workflows.recipe import Recipe

LEAST_HELD_OUT = 8
"""With fewer pairs in val, thresholds are calibrated on train, cross-fitted."""
Report = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What all gates found of one image.

    verdicts: by gate. failed: the enforced gates that it did not pass.
    """

    verdicts: dict[str, Verdict]
    failed: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Return the verdicts in plain values."""
        return {name: verdict.to_json() for name, verdict in self.verdicts.items()}


class RunGates:
    """The gates that a recipe turns on.

    They are made when they are first asked, under a lock, so that many processes on one run
    wait for the first of them.

    Args:
        run: where fitted segmenters are kept.
        recipe: modes, rate, segmenter.
        index: the run's data.
        device: where segmenters compute.
        report: progress of what takes long.
    """

    def __init__(
        self, run: Run, recipe: Recipe, index: DataIndex, device: torch.device, report: Report
    ) -> None:
        self.run = run
        self.recipe = recipe
        self.index = index
        self.device = device
        self.report = report
        self.modes: dict[str, GateMode] = recipe.gates.modes()
        self.types = {name: GATES.get(name) for name in self.modes}

    def prepare(self) -> None:
        """Make the gates now, where that is to be seen; it takes minutes."""
        assert self.gates is not None

    def judge(self, pairs: Pairs) -> list[Judgement]:
        """Judge synthetic images; `pairs.groups` are the groups that their masks derive from."""
        found = {name: gate.judge(pairs) for name, gate in self.gates.items()}
        return [self._judgement(found, k) for k in range(len(pairs))]

    def _judgement(self, found: dict[str, list[Verdict]], k: int) -> Judgement:
        verdicts = {name: each[k] for name, each in found.items()}
        enforced = [name for name, mode in self.modes.items() if mode == "enforce"]
        return Judgement(verdicts, tuple(n for n in enforced if not verdicts[n].passed))

    @cached_property
    def gates(self) -> dict[str, Gate]:
        """The gates, calibrated; what they are calibrated to is written to gates/gates.json."""
        context, folder = self._context(), self.run.gates
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            remove_leftovers(folder)
            gates = {name: kind(context) for name, kind in self.types.items()}
            about = {name: dict(gate.about) for name, gate in gates.items()}
            write_json(folder / "gates.json", {"modes": self.modes, "calibration": about})
        return gates

    def _context(self) -> GateContext:
        options = self.recipe.gates
        train = load_labelled(self.index, self.index.split("train"))
        val = self.index.split("val")
        held_out = train if len(val) < LEAST_HELD_OUT else load_labelled(self.index, val)
        return GateContext(train, held_out, self._cross_fitted(train), options.rate)

    def predict(self) -> Predict:
        """Return the cross-fitted segmenters alone; they are fitted when first asked."""
        return self._cross_fitted(load_labelled(self.index, self.index.split("train")))

    def _cross_fitted(self, train: Pairs) -> CrossFitted:
        options = self.recipe.gates
        return CrossFitted(
            train,
            1 + max(item.id for item in self.index.classes),
            options.segmenter,
            options.folds,
            self.recipe.seed,
            self.run.gates,
            self.index.hash,
            self.device,
            self.report,
        )


def load_labelled(index: DataIndex, items: Sequence[Item]) -> Pairs:
    """Read real pairs into memory at the model's geometry.

    Raises:
        InputError: a file changed since it was indexed.
    """
    height, width = index.size_hw
    images = np.empty((len(items), height, width, index.channels), np.uint8)
    labels = np.empty((len(items), height, width), np.uint8)
    for k, item in enumerate(items):
        sample = load_sample(index, item)
        images[k], labels[k] = sample.image, sample.mask.labels
    return Pairs(images, labels, [frozenset([item.group]) for item in items])
