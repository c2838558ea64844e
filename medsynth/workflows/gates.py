"""The gates of a run: made once from its real pairs, then asked about every image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from filelock import FileLock
from numpy.typing import NDArray

from medsynth.data.load import load_sample
from medsynth.data.records import DataIndex, Item
from medsynth.io.atomic import remove_leftovers, write_json
from medsynth.io.pixel_array import pixel_array
from medsynth.io.runs import Run
from medsynth.quality.gates.gate import GATES, Gate, GateContext, Groups, Pairs, Predict, Verdict
from medsynth.quality.gates.options import GateMode
from medsynth.workflows.cross_fit import CrossFitted
from medsynth.workflows.recipe import Recipe

LEAST_HELD_OUT = 8
"""With fewer pairs in val, thresholds are calibrated on train, cross-fitted over its groups."""
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
        """The gates, calibrated; what they are calibrated to is written to gates/gates.json.

        One that finds that it cannot judge only scores, unless it was told by name to refuse.
        """
        context, folder = self._context(), self.run.gates
        folder.mkdir(parents=True, exist_ok=True)
        with FileLock(folder / ".lock"):
            remove_leftovers(folder)
            gates = {name: kind(context) for name, kind in self.types.items()}
            about = {name: dict(gate.about) for name, gate in gates.items()}
            for name in [name for name, each in about.items() if each.get("cannot_judge")]:
                self.modes[name], done = self._doubted(name)
                about[name]["warning"] = f"{about[name]['warning']} {done}"
            write_json(folder / "gates.json", {"modes": self.modes, "calibration": about})
        return gates

    def _doubted(self, name: str) -> tuple[GateMode, str]:
        """Return the mode of a gate that cannot judge, and what comes of it in a sentence."""
        options = self.recipe.gates
        own = name in options.plugin
        told = options.plugin[name] if own else getattr(options, name, None)
        key = f"gates.plugin.{name}" if own else f"gates.{name}"
        if told == "enforce":
            return "enforce", f"It refuses images all the same, for so says {key}=enforce."
        refuses = f" {key}=enforce would have it refuse." if self.modes[name] == "enforce" else ""
        return "score", f"So it only scores, and refuses nothing.{refuses}"

    def _context(self) -> GateContext:
        options = self.recipe.gates
        if options.most_saturated is not None and set(self.types) == {"trivial"}:
            nothing = load_labelled(self.index, [])
            return GateContext(nothing, nothing, blind, options.rate, options.most_saturated)
        train = load_labelled(self.index, self.index.split("train"))
        val = self.index.split("val")
        alone = len({item.group for item in self.index.split("train")}) < 2
        enough = len(val) >= (1 if alone else LEAST_HELD_OUT)
        held_out = load_labelled(self.index, val) if enough else train
        return GateContext(train, held_out, self._cross_fitted(train), options.rate,
                           options.most_saturated)  # fmt: skip

    def predict(self, train: Pairs | None = None) -> Predict:
        """Return the cross-fitted segmenters alone; they are fitted when first asked.

        Args:
            train: the pairs of train, where these are in memory already.
        """
        return self._cross_fitted(train or load_labelled(self.index, self.index.split("train")))

    def _cross_fitted(self, train: Pairs) -> CrossFitted:
        options = self.recipe.gates
        return CrossFitted(
            train,
            1 + max(item.id for item in self.index.classes),
            options.segmenter.settled(),
            options.folds,
            self.recipe.seed,
            self.run.gates,
            self.index.hash,
            self.device,
            self.report,
        )


def blind(_images: NDArray[np.uint8], _groups: Groups) -> NDArray[np.uint8]:
    """Stand for segmenters where no gate asks for any."""
    raise AssertionError("a gate asks what images show, though none was said to")


def load_labelled(index: DataIndex, items: Sequence[Item]) -> Pairs:
    """Read real pairs into memory at the model's geometry.

    Raises:
        InputError: a file changed since it was indexed.
    """
    height, width = index.size_hw
    images = pixel_array(len(items), height, width, index.channels)
    labels = pixel_array(len(items), height, width)
    for k, item in enumerate(items):
        sample = load_sample(index, item)
        images[k], labels[k] = sample.image, sample.mask.labels
    return Pairs(images, labels, [frozenset([item.group]) for item in items])
