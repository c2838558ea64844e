"""One stage: bases, generators, samples, segmenters, figures."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collect import collect_fold
from commands import Run
from folds import fold_options
from pool import pooled
from spec import Generator, Sets, SetSpec, Stage, Study

from medsynth.data.records import DataIndex
from medsynth.io.atomic import write_bytes, write_json

SYNTHETIC = "synthetic"
"""What the names of arms with synthetic pairs begin with."""


@dataclass(frozen=True)
class Fold:
    """A fold of a set in a stage.

    name: "set/fold". data: the folder. options: of the section data. work: where its runs lie.
    """

    name: str
    data: Path
    options: Sets
    work: Path

    def run(self, generator: str, seed: int) -> Run:
        """Return the run of a generator."""
        return Run(self.work / f"{self.name.split('/')[1]}-{generator}-{seed}")

    def base(self, stage: Stage) -> Run:
        """Return the run that all generators of a stage begin with."""
        return Run(self.work / f"{self.name.split('/')[1]}-{stage.base_name}")


@dataclass(frozen=True)
class Part:
    """Some of a stage, for less time: fewer sets, folds, generators, or seeds of them."""

    sets: tuple[str, ...] = ()
    fold: str | None = None
    generator_seeds: int | None = None
    generators: tuple[str, ...] = ()

    def of(self, stage: Stage) -> Stage:
        """Return the stage with these sets and generators, and so many seeds."""
        seeds = min(self.generator_seeds or stage.generator_seeds, stage.generator_seeds)
        sets = tuple(each for each in stage.sets if each in (self.sets or (each,)))
        kept = {k: v for k, v in stage.generators.items() if k in (self.generators or (k,))}
        if unknown := {*self.sets, *self.generators} - {*sets, *kept}:
            raise SystemExit(f"the stage has no {', '.join(sorted(unknown))}")
        return stage.model_copy(update={"sets": sets, "generator_seeds": seeds, "generators": kept})

    def has(self, fold: Fold) -> bool:
        """Tell whether a fold is in it."""
        return self.fold in (None, fold.name.split("/")[1])


def run_stage(study: Study, name: str, data: Path, work: Path, out: Path, part: Part) -> Path:
    """Run what a stage still lacks, and write each fold's figures beside those of the others.

    Args:
        study: all of it.
        name: of the stage.
        data: folder of the sets.
        work: folder for runs; stages share them.
        out: folder for the figures.
        part: how much of it; each fold's figures say so.

    Returns:
        The JSON file.

    Raises:
        SystemExit: a variable of the environment is not set, the part has what the stage lacks,
            or a command failed.
    """
    stage = part.of(study.stages[name])
    if unset := [each for each in stage.environment if not os.environ.get(each)]:
        raise SystemExit(f"{name} would be another one without {', '.join(unset)}: set it")
    begin = pool_base(study, stage, data, work)
    path = out / f"{name}.json"
    for each in stage.sets:
        for fold in folds_of(each, study.sets[each], data, work):
            if not part.has(fold):
                continue
            run_fold(stage, fold, begin)
            found = collect_fold(
                fold.name, proved_in(stage, fold), stage, fold.base(stage), fold.run
            )
            write_json(path, {"stage": name, "folds": with_fold(folds_in(path), found)})
    return path


def folds_in(path: Path) -> list[dict[str, Any]]:
    """Return the figures of the folds that a file has by now."""
    return list(json.loads(path.read_text("utf-8"))["folds"]) if path.exists() else []


def with_fold(folds: list[dict[str, Any]], new: dict[str, Any]) -> list[dict[str, Any]]:
    """Return folds with another one, in the place of what was there by its name, else last.

    >>> with_fold([{"fold": "wbc/a"}, {"fold": "wbc/b"}], {"fold": "wbc/a", "arms": 2})
    [{'fold': 'wbc/a', 'arms': 2}, {'fold': 'wbc/b'}]
    """
    return list({fold["fold"]: fold for fold in [*folds, new]}.values())


def folds_of(name: str, spec: SetSpec, data: Path, work: Path) -> Iterator[Fold]:
    """Yield the folds of a set."""
    for fold, options in fold_options(spec, data, work / name).items():
        yield Fold(f"{name}/{fold}", data / spec.data, options, work / name)


def pool_base(study: Study, stage: Stage, data: Path, work: Path) -> list[Any]:
    """Fit a base on the stage's pool; return what the folds' bases begin with, as arguments."""
    if stage.pool is None:
        return []
    name = "+".join(stage.pool.sets)
    folder = pooled(
        {each: study.sets[each] for each in stage.pool.sets}, data, work / name, stage.options
    )
    run = Run(work / f"{name}-base")
    options = {**stage.options, **stage.pool.fit, "siamese.steps": 0}
    run.medsynth("fit", folder, "--recipe", stage.recipe, "--run", run.path, options=options)
    return ["--init-from", run.path]


def run_fold(stage: Stage, fold: Fold, begin: list[Any]) -> None:
    """Fit, synthesize, evaluate and prove what is not there yet."""
    fold.work.mkdir(parents=True, exist_ok=True)
    recipe = ("--recipe", stage.recipe)
    base = {**fold.options, **stage.options, **stage.base, "siamese.steps": 0}
    first = fold.base(stage)
    first.medsynth("fit", fold.data, *recipe, *begin, "--run", first.path, options=base)
    runs = []
    for seed in range(stage.generator_seeds):
        for name, generator in stage.generators.items():
            run = fold.run(name, seed)
            first_weights, options = beginning(stage, fold, generator, seed)
            arguments = (fold.data, *recipe, *first_weights, "--run", run.path)
            run.medsynth("fit", *arguments, options=options)
            wanted = math.ceil(max(stage.ratios) * len(DataIndex.load(run.path).split("train")))
            samples = {**stage.augment, **generator.augment}
            run.medsynth("augment", "--n", wanted, "--run", run.path, options=samples)
            if stage.evaluate:
                run.medsynth("evaluate", "--run", run.path, options={})
            runs.append(run)
    beside = [part for run in runs[1:] for part in ("--beside", run.path)]
    options = {"prove.ratios": list(stage.ratios), "prove.split": stage.judge, **stage.prove}
    lend_units(fold, runs[0])
    runs[0].medsynth("prove", "--run", runs[0].path, *beside, options=options)


def lend_units(fold: Fold, to: Run) -> None:
    """Give a proof the segmenters of real pairs that other stages have fitted on this fold.

    A unit's name holds a hash of all it depends on: what does not fit is passed over.
    """
    proof = to.path / "proof" / "units"
    for unit in list(fold.work.glob(f"{fold.name.split('/')[1]}-*/proof/units/*")):
        if not unit.name.startswith((SYNTHETIC, ".")) and not (proof / unit.name).exists():
            write_bytes(proof / unit.name, unit.read_bytes())


def beginning(stage: Stage, fold: Fold, generator: Generator, seed: int) -> tuple[list[Any], Sets]:
    """Return what a generator's fit begins with, as arguments, and its options."""
    options = {**fold.options, **stage.options, **stage.method, **generator.fit, "seed": seed}
    if generator.weights_of:
        source = fold.run(generator.weights_of, seed).path
        return ["--init-from", source], {**options, "siamese.steps": 0}
    if "base.steps" in generator.fit:
        return [], options
    return ["--init-from", fold.base(stage).path], options


def proved_in(stage: Stage, fold: Fold) -> Run:
    """Return the run that the others are compared beside: the first generator's first."""
    return fold.run(next(iter(stage.generators)), 0)
