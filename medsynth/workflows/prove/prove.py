"""prove: does the synthetic data raise Dice on held-out real patients?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue

import torch

from medsynth.core.errors import InputError, InterruptedRunError, UsageError
from medsynth.data.index import DataIndex
from medsynth.io.atomic import make_folder, write_json
from medsynth.io.hashing import hash_json
from medsynth.io.interrupts import asked_to_stop
from medsynth.io.runs import Run, find_run
from medsynth.model.segmenter_options import SegmenterOptions
from medsynth.quality.gates.gate import Pairs
from medsynth.workflows.export.export import run_export_set
from medsynth.workflows.gates import load_labelled
from medsynth.workflows.hardware import choose_device, settle_threads
from medsynth.workflows.prove.arms import arms_of, pairs_of
from medsynth.workflows.prove.budget import Budget, plan_within
from medsynth.workflows.prove.conclusion import ProveResult, conclude
from medsynth.workflows.prove.options import ProveOptions
from medsynth.workflows.prove.units import Unit, UnitStore, fit_unit, open_test, step_seconds
from medsynth.workflows.recipe import Recipe, read_run_recipe
from medsynth.workflows.report.write import write_report

LEAST_PAIRS = 4
"""Held-out pairs in val, and in test; with fewer there is nothing to say."""
Report = Callable[[int, int, str], None]


@dataclass(frozen=True)
class ProveConfig:
    """What is proved.

    run: a run with samples; None for the latest. sets: "prove.key=value" on top of its recipe,
    and "evaluate.report_images=false" for a report without images.
    max_minutes: fewer seeds and steps are planned where all would take longer.
    """

    run: Path | None = None
    sets: tuple[str, ...] = ()
    max_minutes: float | None = None
    device: str | None = None


def prove(config: ProveConfig, report: Report) -> ProveResult:
    """Fit segmenters on real pairs with and without synthetic ones, and compare them on test.

    Whatever is chosen, the stopping step and the ratio, is chosen on val; test is opened when all
    is fitted. Killed, it goes on where it was.

    Raises:
        UsageError: no run, or an option is wrong.
        InputError: too few held-out pairs, or too few samples for a ratio.
        InterruptedRunError: stopped by Ctrl-C.
    """
    for text in config.sets:
        if not text.startswith(("prove.", "evaluate.report_images=")):
            raise UsageError(
                f"--set {text}: prove can set prove.* only, and evaluate.report_images."
            )
    run = find_run(config.run)
    recipe = read_run_recipe(run, config.sets)
    index = DataIndex.load(run.path)
    refuse_too_few(index, run)
    settle_threads(recipe.training.threads)
    proof = Proof(run, recipe, index, devices(config.device), report)
    with run.lock("prove"), asked_to_stop() as stop:
        proof.settle_budget(config.max_minutes)
        proof.fit(stop)
        return proof.conclude()


def refuse_too_few(index: DataIndex, run: Run) -> None:
    """Refuse a proof without held-out pairs.

    Raises:
        InputError: val or test has hardly any.
    """
    for split, what in (("val", "settings are chosen"), ("test", "segmenters are compared")):
        count = len([item for item in index.items if item.split == split])
        if count < LEAST_PAIRS:
            raise InputError(
                f"{run.path} has {count} pairs in {split}, on which {what}; without them nothing "
                "can be proved.",
                "Fit on data with a split.csv, or with data.val_fraction and data.test_fraction "
                "above 0.",
            )


def devices(name: str | None) -> list[torch.device]:
    """Return where segmenters are fitted: side by side on all GPUs, where none is named."""
    first = choose_device(name)
    if name is None and first.type == "cuda":
        return [torch.device("cuda", k) for k in range(torch.cuda.device_count())]
    return [first]


class Proof:
    """A proof under way, in a folder whose name follows from all it depends on.

    Args:
        run: whose pairs and samples.
        recipe: with the options of prove.
        index: the run's data.
        where: devices.
        report: progress, in segmenters.
    """

    def __init__(
        self,
        run: Run,
        recipe: Recipe,
        index: DataIndex,
        where: Sequence[torch.device],
        report: Report,
    ) -> None:
        self.run = run
        self.recipe = recipe
        self.index = index
        self.where = where
        self.report = report
        self.options: ProveOptions = recipe.prove
        self.classes = 1 + max(item.id for item in index.classes)
        self.arms = arms_of(self.options)
        self.sets = {arm.name: run_export_set(run, arm.choice(recipe.export)) for arm in self.arms}
        self._refuse_scarce()
        rows = [
            [row.id, row.split, row.content] for each in self.sets.values() for row in each.rows
        ]
        planned = self.options.model_dump(mode="json")
        self.key = hash_json([planned, index.hash, rows, recipe.seed])
        self.folder = run.proof / self.key[:12]
        self.units = UnitStore(self.folder)

    def _refuse_scarce(self) -> None:
        """Refuse ratios that the run has too few samples for."""
        real = len(self.index.split("train"))
        for arm in self.arms:
            rows = self.sets[arm.name].rows
            made = sum(row.origin == "synthetic" for row in rows)
            wanted = int((arm.ratio or 0) * real)
            if made < max(wanted, arm.ratio is None):
                raise InputError(
                    f"'{arm.name}' wants {max(wanted, 1)} synthetic pairs; {self.run.path} has "
                    f"{made}.",
                    f"medsynth augment --n {max(wanted, 1)} --run {self.run.path}; or fewer: "
                    "--set prove.ratios=[0.5]",
                )

    def settle_budget(self, max_minutes: float | None) -> None:
        """Fix seeds and steps before anything is fitted; a proof that was begun keeps its own."""
        self.budget = Budget.read(self.folder)
        if self.budget is None:
            self.report(0, 0, "measuring the speed")
            step_s = self._step_s() if max_minutes is not None else 0.0
            self.budget = plan_within(max_minutes, self.options, len(self.arms), step_s)
            make_folder(self.folder)
            self.budget.write(self.folder)
        segmenter = self.options.segmenter.model_copy(update={"steps": self.budget.steps})
        self.options = self.options.model_copy(
            update={"segmenter": segmenter, "seeds": self.budget.seeds}
        )

    def _step_s(self) -> float:
        """Return the seconds of a step of the slowest network, measured now."""
        arm = self.arms[0]
        pairs = pairs_of(self.sets[arm.name])
        segmenters = [self._segmenter(Unit(arm, name, 0)) for name in self.options.networks]
        return max(
            step_seconds(arm.draw(pairs, each, 0), each, pairs, self.classes, self.where[0])
            for each in segmenters
        )

    def all_units(self) -> list[Unit]:
        """Return the segmenters, a seed of every arm before the next seed."""
        return [
            Unit(arm, network, seed)
            for seed in range(self.options.seeds)
            for network in self.options.networks
            for arm in self.arms
        ]

    def fit(self, stop: Callable[[], bool]) -> None:
        """Fit what is not fitted yet, side by side where there are devices.

        Raises:
            InterruptedRunError: `stop` said so.
        """
        units = self.all_units()
        left = [unit for unit in units if self.units.read(unit, "val") is None]
        val = load_labelled(self.index, self.index.split("val"))
        free: SimpleQueue[torch.device] = SimpleQueue()
        for device in self.where:
            free.put(device)
        pool: dict[str, Pairs] = {}

        def work(unit: Unit) -> None:
            if stop():
                return
            device = free.get()
            try:
                if unit.arm.name not in pool:
                    pool[unit.arm.name] = pairs_of(self.sets[unit.arm.name])
                fit_unit(
                    unit, pool[unit.arm.name], val, self._segmenter(unit), self.classes,
                    self.options.stops, self.recipe.seed, device, self.units,
                )  # fmt: skip
            finally:
                free.put(device)

        self.report(len(units) - len(left), len(units), "")
        with ThreadPoolExecutor(len(self.where)) as threads:
            for k, _ in enumerate(threads.map(work, left)):
                if stop():
                    break
                self.report(len(units) - len(left) + k + 1, len(units), left[k].name)
        if stop():
            done = sum(self.units.read(unit, "val") is not None for unit in units)
            raise InterruptedRunError(
                f"stopped with {done} of {len(units)} segmenters fitted.",
                f"Go on with it: medsynth prove --run {self.run.path}, with the same options.",
            )

    def _segmenter(self, unit: Unit) -> SegmenterOptions:
        options = self.options.segmenter.model_copy(update={"network": unit.network})
        return unit.arm.segmenter(options)

    def conclude(self) -> ProveResult:
        """Open test, and compare."""
        units = self.all_units()
        test_items = self.index.split("test")
        test: Pairs | None = None
        for unit in units:
            if self.units.read(unit, "test") is None:
                test = test or load_labelled(self.index, test_items)
                options = self._segmenter(unit)
                open_test(unit, test, options, self.classes, self.where[0], self.units)
        groups = [item.group for item in test_items]
        names = [each.name for each in self.index.classes if each.id]
        found = conclude(self.arms, units, self.units, groups, names, self.recipe.seed)
        told = {
            "options": self.options.model_dump(mode="json"),
            "report_images": self.recipe.evaluate.report_images,
        }
        write_json(self.run.proof / "proof.json", {**found.to_json(), **told})
        return replace(found, folder=self.folder, report=write_report(self.run))
