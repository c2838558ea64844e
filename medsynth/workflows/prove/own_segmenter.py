"""The user's own segmenter in a proof: trained by their script on each arm, and read back."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from medsynth.core.errors import InputError, InterruptedRunError
from medsynth.data.index import DataIndex
from medsynth.exporters.deliver import deliver
from medsynth.exporters.export_set import ExportSet
from medsynth.exporters.options import ExportOptions
from medsynth.io.hashing import hash_json
from medsynth.io.images import write_png
from medsynth.quality.proof.agreement import agreement
from medsynth.workflows.prove.arms import Arm
from medsynth.workflows.prove.judged import Judged, own_split
from medsynth.workflows.prove.options import ProveOptions
from medsynth.workflows.prove.own_command import OwnCommand
from medsynth.workflows.prove.predictions import read_predictions
from medsynth.workflows.prove.units import Unit, UnitStore, write_scores

OWN = "own"
"""Stands where networks have their names."""


class CommandFitter:
    """Exports each arm, runs the command on it, reads its masks; a `Fitter`.

    The script is given train and val with their masks, and the images alone of val, of test and of
    what is judged, in one folder; no mask of test is ever shown to it.

    Args:
        command: the script.
        index: the run's data.
        sets: arm -> what is exported of it.
        options: with the export's format.
        export: options of the formats.
        units: where figures are written.
        judged: what segmenters are compared on.
        folder: for exports, images, and what the script writes.
    """

    def __init__(
        self,
        command: OwnCommand,
        index: DataIndex,
        sets: Mapping[str, ExportSet],
        options: ProveOptions,
        export: ExportOptions,
        units: UnitStore,
        judged: Judged,
        folder: Path,
    ) -> None:
        self.command = command
        self.index = index
        self.sets = sets
        self.format = options.segmenter_format
        self.export = export
        self.units = units
        self.folder = folder
        self.classes = 1 + max(item.id for item in index.classes)
        self.val, self.test = own_split(index, "val"), own_split(index, "test")
        self.other = None if judged.part in (self.val.part, self.test.part) else judged

    def depends_on(self, arm: Arm, network: str) -> Any:  # noqa: ARG002
        """As `Fitter`."""
        export = self.export.model_dump(mode="json")
        known = [self.command.text, self.command.files(), self.format, export]
        return known if self.other is None else [*known, self.other.part]

    def fit(self, unit: Unit, device: torch.device, stop: Callable[[], bool]) -> None:  # noqa: ARG002
        """Run the command on a unit's pairs; its masks of val say how good it is.

        Ctrl-C in a terminal ends the script as well, which is no fault of its own.
        """
        here = self.folder / unit.name
        shutil.rmtree(here, ignore_errors=True)  # of a run that was stopped
        (here / "predictions").mkdir(parents=True)
        try:
            self.command.run(
                here / "log.txt", data=self.arm_data(unit.arm), images=self.images(),
                predictions=here / "predictions", seed=unit.seed, classes=self.classes,
            )  # fmt: skip
        except InputError as error:
            if stop():
                raise InterruptedRunError(f"stopped {unit.title}.") from error
            raise
        dice = agreement(self.masks(unit, self.val), self.val.pairs().labels, self.classes, False)
        for each in self.to_come():
            self.masks(unit, each)  # all there, or the script is to be mended now
        train = [row for row in self.sets[unit.arm.name].rows if row.split == "train"]
        found = {"curve": [], "step": 0, "dice": round(float(dice.per_image().mean()), 6)}
        self.units.write(unit, "fitted", {**found, "pairs": len(train)})

    def score(self, unit: Unit, judged: Judged, device: torch.device) -> None:  # noqa: ARG002
        """As `Fitter`."""
        found = agreement(self.masks(unit, judged), judged.pairs().labels, self.classes)
        write_scores(found, unit, judged.part, self.units)

    def to_come(self) -> list[Judged]:
        """Return what a script predicts besides val: test, and what else is judged."""
        return [self.test] if self.other is None else [self.test, self.other]

    def masks(self, unit: Unit, judged: Judged) -> NDArray[np.uint8]:
        """Return what the script predicted for some pairs, (N, H, W) uint8."""
        folder = self.folder / unit.name / "predictions"
        return read_predictions(folder, judged.ids, self.index.size_hw, self.classes)

    def arm_data(self, arm: Arm) -> Path:
        """Return an export of the pairs that an arm learns from, and of val."""
        own, real = self.sets[arm.name], next(iter(self.sets.values()))
        train = [row for row in own.rows if row.split == "train"]
        val = [row for row in real.rows if row.split == "val"]
        export_set = replace(own, rows=(*train, *val))
        rows = [(row.id, row.split, row.content) for row in export_set.rows]
        options = self.export.model_dump(mode="json")
        out = self.folder / "data" / hash_json([rows, self.format, options])[:16]
        deliver(self.format, export_set, out, self.export, lambda *_: None, overwrite=True)
        return out.resolve()

    def images(self) -> Path:
        """Return a folder with the images alone of val and what is to come, a PNG an id."""
        name = self.index.hash[:16] + (f"-{self.other.part}" if self.other else "")
        folder = self.folder / "images" / name
        folder.mkdir(parents=True, exist_ok=True)
        for judged in (self.val, *self.to_come()):
            lacking = [k for k, i in enumerate(judged.ids) if not (folder / f"{i}.png").exists()]
            for k in lacking:
                image = judged.pairs().images[k]
                write_png(
                    folder / f"{judged.ids[k]}.png", image if image.shape[2] > 1 else image[..., 0]
                )
        return folder.resolve()
