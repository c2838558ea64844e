"""Export a run: its real pairs and its synthetic ones, in a format that other tools read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from medsynth.core.errors import UsageError
from medsynth.core.types import Sample
from medsynth.data.index import DataIndex
from medsynth.data.load import load_original, load_sample
from medsynth.data.trained_on import read_trained_on
from medsynth.exporters.choose import ChoiceOptions, choice_notes, choose, refuse_nothing
from medsynth.exporters.deliver import deliver, exporter_named
from medsynth.exporters.exporter import ExportResult, ExportSet, Report, Row
from medsynth.exporters.reject import read_rejected
from medsynth.io.hashing import hash_file, hash_json
from medsynth.io.runs import Run, find_run
from medsynth.store.samples import SampleStore
from medsynth.workflows.export.facts import run_facts, sample_facts
from medsynth.workflows.export.notes import set_notes, unknown_origin
from medsynth.workflows.export.rows import real_rows, synthetic_rows

__all__ = ["ExportConfig", "ExportResult", "export_run", "run_export_set"]


@dataclass(frozen=True, slots=True)
class ExportConfig:
    """What is exported, and where to.

    format: a name of the registry `medsynth.exporters`.
    run: the run folder; None for the latest.
    out: None for `exports/<format>` in the run.
    overwrite: replace another export that is there; what is not an export is never replaced.
    sets: "export.key=value", on top of the run's recipe.
    """

    format: str
    run: Path | None = None
    out: Path | None = None
    overwrite: bool = False
    sets: tuple[str, ...] = ()


def export_run(config: ExportConfig, report: Report) -> ExportResult:
    """Write the export, or find that an equal one is there.

    Raises:
        UsageError: no run, no such format, an option of something else than the export, nothing
            to export, or `out` is occupied.
        InputError: something would leak between splits, the format cannot hold the set, or
            files changed since they were indexed.
    """
    from medsynth.workflows.recipe import read_run_recipe, refuse_other_sets

    exporter_named(config.format)
    refuse_other_sets("export", config.sets, ("export.",))
    run = find_run(config.run)
    recipe = read_run_recipe(run, list(config.sets))
    if not len(SampleStore(run.samples)) and recipe.export.ratio != 0:
        raise UsageError(
            f"{run.path} holds no synthetic samples yet.",
            f"Make some: medsynth augment --n 100 --run {run.path}. "
            "For the real pairs alone: --set export.ratio=0",
        )
    export_set = run_export_set(run, recipe.export)
    refuse_nothing(export_set.rows, recipe.export)
    export_set = replace(export_set, facts={**run_facts(run, recipe), **export_set.facts})
    out = config.out if config.out is not None else run.exports / config.format
    return deliver(
        config.format, export_set, out, recipe.export, report, overwrite=config.overwrite
    )


def run_export_set(run: Run, options: ChoiceOptions) -> ExportSet:
    """Return the set that the options choose of a run; pixels are read as they are needed.

    Raises:
        InputError: the run's index or its manifest cannot be read.
    """
    index = DataIndex.load(run.path)
    items = {item.id: item for item in index.items}
    store = SampleStore(run.samples)
    by_class = options.stratify == "class"
    real, made = real_rows(index, by_class), synthetic_rows(store, by_class, ranking_gates(run))
    rejected: frozenset[str] = frozenset()
    if options.reject is not None:
        rejected = read_rejected(options.reject, made.numbers, items)
    rows = choose((*real, *made.rows), options, rejected)
    trained_on = read_trained_on(run.path)
    load_real = load_original if options.geometry == "original" else load_sample

    def load(row: Row) -> Sample:
        if row.origin == "real":
            return load_real(index, items[row.id])
        return store.read(store.row(made.numbers[row.id]))

    return ExportSet(
        name=run.path.resolve().name,
        classes=index.classes,
        channels=index.channels,
        has_instances=index.has_instances,
        rows=rows,
        load=load,
        hw=_common_size(index, rows, options),
        real=real,
        trained_on=trained_on or (),
        about=_about(run, index, made.checkpoints, options, rejected),
        facts=sample_facts(made),
        secret=run.secret,
        notes=(
            *choice_notes(options, rows, made.rows, rejected),
            *set_notes(index, rows, options),
            *unknown_origin(run, trained_on is not None),
        ),
    )


def ranking_gates(run: Run) -> list[str] | None:
    """Return the gates by whose figures the best samples go first; None: all there are.

    Those that refuse, where any does: a gate that only scores does so because its figures are no
    measure of worth (`GateOptions`), and they should not choose by another name.
    """
    from medsynth.workflows.recipe import read_run_recipe
    from medsynth.workflows.report.found import read_figures

    known = read_figures(run.gates / "gates.json") or {}
    modes = known.get("modes") or read_run_recipe(run).gates.modes()
    return [gate for gate, mode in modes.items() if mode == "enforce"] or None


def _common_size(
    index: DataIndex, rows: tuple[Row, ...], options: ChoiceOptions
) -> tuple[int, int] | None:
    """Return the size of all images, None where they differ."""
    if options.geometry == "model":
        return index.size_hw
    source = {item.id: item.source_hw for item in index.items}
    sizes = {source[row.id] if row.origin == "real" else index.size_hw for row in rows}
    return sizes.pop() if len(sizes) == 1 else None


def _about(
    run: Run,
    index: DataIndex,
    checkpoints: list[str],
    options: ChoiceOptions,
    rejected: frozenset[str],
) -> dict[str, Any]:
    """Return where the set comes from: names and hashes, no paths."""
    return {
        "run": run.path.resolve().name,
        "recipe_sha256": hash_file(run.recipe),
        "index_sha256": index.hash,
        "checkpoint_sha256": checkpoints,
        "chosen_by": options.model_dump(
            mode="json", include=set(ChoiceOptions.model_fields), exclude={"reject"}
        ),
        "rejected": {"count": len(rejected), "sha256": hash_json(sorted(rejected))},
    }
