"""evaluate: are the samples faithful and diverse, and is any patient in them?"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medsynth.data.index import DataIndex
from medsynth.io.atomic import write_json
from medsynth.io.runs import Run, find_run
from medsynth.quality.features.extract import extract
from medsynth.quality.features.extractor import FeatureExtractor, FeatureOptions, open_extractor
from medsynth.workflows.evaluate.by_the_model import by_the_model
from medsynth.workflows.evaluate.case import Case, Report
from medsynth.workflows.evaluate.copied import copied
from medsynth.workflows.evaluate.findings import findings
from medsynth.workflows.evaluate.likeness import leaks
from medsynth.workflows.evaluate.looks import looks
from medsynth.workflows.evaluate.sets import read_sets
from medsynth.workflows.evaluate.shown_masks import shown_masks
from medsynth.workflows.gate_warnings import chosen_by_the_gate, gate_warnings
from medsynth.workflows.hardware import choose_device, settle_threads
from medsynth.workflows.other_data import read_other_data
from medsynth.workflows.recipe import read_run_recipe, refuse_other_sets
from medsynth.workflows.report.write import write_report


@dataclass(frozen=True)
class EvaluateConfig:
    """What is evaluated.

    run: None for the latest. sets: "evaluate.key=value" on top of its recipe.
    real: a folder of other real pairs, that take the place of the run's own held-out ones.
    """

    run: Path | None = None
    sets: tuple[str, ...] = ()
    device: str | None = None
    real: Path | None = None


@dataclass(frozen=True)
class EvaluateResult:
    """What was found: `values` as they stand in evaluation.json; `report` shows them."""

    run: Path
    values: dict[str, Any]
    report: Path

    @property
    def path(self) -> Path:
        """Where they stand."""
        return Run(self.run).evaluation


def evaluate(config: EvaluateConfig, report: Report) -> EvaluateResult:
    """Judge a run's samples by images, masks and copies, each beside what real images reach.

    Raises:
        UsageError: no run, or an option is wrong.
        InputError: too few samples or held-out pairs, sets that cannot be compared, or an
            extractor that is not there.
    """
    refuse_other_sets("evaluate", config.sets, ("evaluate.",))
    run = find_run(config.run)
    recipe = read_run_recipe(run, config.sets)
    index = DataIndex.load(run.path)
    options = recipe.evaluate
    extractor = open_extractor(
        options.features, FeatureOptions(weights=options.weights, download=options.download)
    )
    device = choose_device(config.device)
    settle_threads(recipe.training.threads)
    other = None if config.real is None else read_other_data(config.real, recipe, run.path, index)
    sets = read_sets(run, index, options.max_images, other)
    with run.lock("evaluate"):
        case = Case(run, recipe, index, sets, device, report)
        values = by_features(case, extractor)
        found, warnings = by_the_model(case)
        values |= shown_masks(case) | copied(case) | found
        values["warnings"] += [*leaks(case.likeness), *warnings, *chosen_by_the_gate(run)]
        values["about"] = about(case, extractor) | {"other_data": other is not None}
        values["findings"] = findings(values)
        write_json(run.evaluation, values)
        report(0, 0, "writing the report")
        told = write_report(run)
    return EvaluateResult(run.path, values, told)


def by_features(case: Case, extractor: FeatureExtractor) -> dict[str, Any]:
    """Return how the images look to an extractor; features are kept in the run's cache."""
    case.report(0, 0, "looking at the images")
    sets, cache = case.sets, case.run.cache / "features"
    parts = (sets.train, sets.held_out, sets.made)
    values = looks(case, *(extract(extractor, part.images, cache) for part in parts))
    values["warnings"] = [*gate_warnings(case.run), *sets.notes, *values["warnings"]]
    return values


def about(case: Case, extractor: FeatureExtractor) -> dict[str, Any]:
    """Return what the numbers rest on."""
    sets = case.sets
    return {
        "extractor": str(extractor.identity),
        "samples": len(sets.made),
        "train": len(sets.train),
        "held_out": len(sets.held_out),
        "held_out_split": sets.held_out_name,
        "held_out_groups": len(set(case.groups.held_out.tolist())),
        "recipe_seed": case.recipe.seed,
        "options": case.options.model_dump(mode="json"),
    }
