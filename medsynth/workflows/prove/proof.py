"""A proof under way: its arms, its budget, its segmenters, and what they come to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from queue import SimpleQueue

import torch

from medsynth.core.errors import InputError, InterruptedRunError, UsageError
from medsynth.core.words import counted
from medsynth.data.index import DataIndex
from medsynth.exporters.export_set import ExportSet
from medsynth.exporters.leakage import refuse_leaks
from medsynth.io.atomic import make_folder, write_json
from medsynth.io.hashing import hash_json
from medsynth.io.runs import Run, find_run
from medsynth.model.segmenter import refuse_missing_weights
from medsynth.store.samples import SampleStore
from medsynth.workflows.export.export import run_export_set
from medsynth.workflows.prove.arms import Arm, arms_of
from medsynth.workflows.prove.budget import Budget, plan_within
from medsynth.workflows.prove.conclusion import ProveResult, conclude
from medsynth.workflows.prove.fitter import Fitter
from medsynth.workflows.prove.judged import Judged
from medsynth.workflows.prove.networks import NetworkFitter
from medsynth.workflows.prove.options import ProveOptions
from medsynth.workflows.prove.own_command import OwnCommand
from medsynth.workflows.prove.own_segmenter import OWN, CommandFitter
from medsynth.workflows.prove.units import Unit, UnitStore
from medsynth.workflows.recipe import Recipe, read_run_recipe
from medsynth.workflows.report.settings import differences
from medsynth.workflows.report.write import write_report

Report = Callable[[int, int, str], None]


def runs_beside(paths: Sequence[Path], run: Run, index: DataIndex) -> dict[str, Run]:
    """Return other runs by the names of their folders.

    Raises:
        UsageError: one is named twice, or two have one name.
        InputError: one was fitted on other pairs, or saw them at another size.
    """
    found: dict[str, Run] = {}
    for path in paths:
        other = find_run(path)
        label = other.path.resolve().name
        if label in found or other.path.resolve() == run.path.resolve():
            raise UsageError(f"two of the runs to compare are called {label}.", "Rename a folder.")
        if DataIndex.load(other.path).hash != index.hash:
            raise InputError(
                f"{other.path} was not fitted on the pairs of {run.path}: files, split, classes or "
                "size differ.",
                "Compare runs of the same data and the same section data of their recipes.",
            )
        found[label] = other
    return found


def train_rows(export_set: ExportSet) -> list[tuple[str, str]]:
    """Return id and content hash of the pairs that a segmenter learns from, in their order."""
    return [(row.id, row.content) for row in export_set.rows if row.split == "train"]


class Proof:
    """A proof under way, in a folder whose name follows from all it depends on.

    Args:
        run: whose pairs and samples.
        beside: label -> another run on the same pairs.
        recipe: with the options of prove.
        index: the run's data.
        judged: what segmenters are compared on.
        where: devices.
        report: progress, in segmenters.
        command: the user's own segmenter, in place of the networks.
    """

    def __init__(
        self,
        run: Run,
        beside: Mapping[str, Run],
        recipe: Recipe,
        index: DataIndex,
        judged: Judged,
        where: Sequence[torch.device],
        report: Report,
        command: OwnCommand | None = None,
    ) -> None:
        self.run = run
        self.command = command
        self.recipe = recipe
        self.index = index
        self.judged = judged
        self.where = where
        self.report = report
        self.options: ProveOptions = recipe.prove
        self.runs = {"": run, **beside}
        self.arms = arms_of(self.options, tuple(beside), own=command is not None)
        self.sets = {
            arm.name: run_export_set(self.runs[arm.run], arm.choice(recipe.export))
            for arm in self.arms
        }
        self._refuse_scarce()
        for export_set in self.sets.values():
            refuse_leaks(export_set)
        rows = [train_rows(each) for each in self.sets.values()]
        planned = self.options.model_dump(mode="json")
        self.key = hash_json([planned, index.hash, rows, recipe.seed])
        self.folder = run.proof / self.key[:12]
        self.units = UnitStore(run.proof / "units")

    def _refuse_scarce(self) -> None:
        """Refuse ratios that the run has too few samples for, by what suffices for all of them."""
        real = len(self.index.split("train"))
        wanted = {arm: 1 if arm.ratio is None else int(arm.ratio * real) for arm in self.arms}
        made = {
            arm: sum(row.origin == "synthetic" for row in self.sets[arm.name].rows)
            for arm in self.arms
        }
        arm = max(self.arms, key=lambda each: wanted[each] - made[each])
        lacks = wanted[arm] - made[arm]
        if lacks <= 0:
            return
        run = self.runs[arm.run]
        n = SampleStore(run.samples).count("accepted") + lacks
        fewer = "; or fewer: --set prove.ratios=[0.5]" if made[arm] else ""
        raise InputError(
            f"'{arm.name}' wants {wanted[arm]} synthetic pairs; exports of {run.path} hold "
            f"{made[arm]}.",
            f"medsynth augment --n {n} --run {run.path}{fewer}",
        )

    def settle_budget(self, max_minutes: float | None, note: Callable[[str], None]) -> None:
        """Fix seeds and steps before anything is fitted.

        A proof that was begun keeps its own under the same limit. Under another one, or none, it is
        planned anew, which `note` is told; segmenters of as many steps are not fitted again.
        """
        begun = budget = Budget.read(self.folder)
        if budget is None or not budget.holds_for(max_minutes):
            step_s = 0.0
            if max_minutes is not None:
                self.report(0, 0, "measuring the speed")
                step_s = self._networks().step_s(self.arms[0], self.where[0])
            budget = plan_within(max_minutes, self.options, len(self.arms), step_s)
            make_folder(self.folder)
            budget.write(self.folder)
        if max_minutes is not None or begun not in (None, budget):
            limit = "" if max_minutes is None else f" for {max_minutes:g} minutes"
            many = f"{counted(budget.seeds, 'seed')}, {counted(budget.steps, 'step')} each"
            note(f"planned{limit}: {many}")
        segmenter = self.options.segmenter.model_copy(update={"steps": budget.steps})
        self.options = self.options.model_copy(
            update={"segmenter": segmenter, "seeds": budget.seeds}
        )

    @cached_property
    def fitter(self) -> Fitter:
        """Who fits the segmenters; after `settle_budget`."""
        if self.command is None:
            return self._networks()
        held = self.run.proof / "own"
        return CommandFitter(
            self.command, self.index, self.sets, self.options, self.recipe.export, self.units,
            self.judged, held,
        )  # fmt: skip

    def _networks(self) -> NetworkFitter:
        return NetworkFitter(self.index, self.sets, self.options, self.recipe.seed, self.units)

    def all_units(self) -> list[Unit]:
        """Return the segmenters, a seed of every arm before the next seed."""
        networks = self.options.networks if self.command is None else (OWN,)
        return [
            Unit(arm, network, seed, self._unit_key(arm, network, seed))
            for seed in range(self.options.seeds)
            for network in networks
            for arm in self.arms
        ]

    def _unit_key(self, arm: Arm, network: str, seed: int) -> str:
        """Return a hash of all that a segmenter depends on; more arms or seeds keep it."""
        fitter = self.fitter.depends_on(arm, network)
        rows = train_rows(self.sets[arm.name])
        return hash_json([self.index.hash, rows, fitter, self.recipe.seed, seed])

    def fit(self, stop: Callable[[], bool]) -> None:
        """Fit what is not fitted yet, side by side where there are devices.

        Raises:
            InputError: a network begins with weights that are not installed.
            InterruptedRunError: `stop` said so; what is finished is kept.
        """
        units = self.all_units()
        left = [unit for unit in units if self.units.read(unit, "fitted") is None]
        for network in dict.fromkeys(unit.network for unit in left):
            refuse_missing_weights(network)
        free: SimpleQueue[torch.device] = SimpleQueue()
        for device in self.where:
            free.put(device)

        def work(unit: Unit) -> None:
            if stop():
                return
            device = free.get()
            try:
                self.fitter.fit(unit, device, stop)
            except InterruptedRunError:
                return
            finally:
                free.put(device)

        self.report(len(units) - len(left), len(units), "")
        with ThreadPoolExecutor(len(self.where)) as threads:
            for k, _ in enumerate(threads.map(work, left)):
                if stop():
                    break
                self.report(len(units) - len(left) + k + 1, len(units), left[k].title)
        if stop():
            done = sum(self.units.read(unit, "fitted") is not None for unit in units)
            raise InterruptedRunError(
                f"stopped with {done} of {len(units)} segmenters fitted.",
                f"Go on with it: medsynth prove --run {self.run.path}, with the same options.",
            )

    def conclude(self) -> ProveResult:
        """Open what is judged, or look at val again, and compare."""
        units, judged = self.all_units(), self.judged
        for unit in units:
            if self.units.read(unit, judged.part) is None:
                self.fitter.score(unit, judged, self.where[0])
        names = [each.name for each in self.index.classes if each.id]
        val_groups = len({item.group for item in self.index.split("val")})
        found = conclude(self.arms, units, self.units, judged, names, self.recipe.seed, val_groups)
        told = {
            "options": self.options.model_dump(mode="json"),
            "units": {unit.name: unit.arm.name for unit in units},
            "base": self.arms[0].name,
            "segmenter_command": self.command.text if self.command else None,
            "report_images": self.recipe.evaluate.report_images,
            **self._told_otherwise(),
        }
        test = judged.is_test
        figures = self.run.verdict if test else self.run.proof / f"proof-{judged.part}.json"
        write_json(figures, {**found.to_json(), **told})
        report = write_report(self.run) if test else None
        return replace(found, figures=figures, report=report)

    def _told_otherwise(self) -> dict[str, list[str]]:
        """Return the runs beside and the export's options that the run's recipe does not tell."""
        export, usual = (
            each.export.model_dump(mode="json") for each in (self.recipe, read_run_recipe(self.run))
        )
        told = {
            "beside": [label for label in self.runs if label],
            "export": list(differences(export, usual)),
        }
        return {name: each for name, each in told.items() if each}
