"""Export a run: its real pairs and its synthetic ones, in a format that other tools read."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from medsynth.core.errors import UsageError
from medsynth.core.types import Sample
from medsynth.data.index import DataIndex
from medsynth.data.load import load_original, load_sample
from medsynth.exporters.choose import ChoiceOptions, choose
from medsynth.exporters.deliver import deliver, exporter_named
from medsynth.exporters.exporter import ExportResult, ExportSet, Report, Row
from medsynth.io.hashing import hash_file, hash_json
from medsynth.io.runs import Run, find_run
from medsynth.store.lineage import Lineage
from medsynth.store.manifest import ManifestRow
from medsynth.store.samples import SampleStore

__all__ = ["ExportConfig", "ExportResult", "export_run", "run_export_set"]

NO_LINEAGE = Lineage((), (), 0, "")


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
        UsageError: no run, no such format, nothing to export, or `out` is occupied.
        InputError: something would leak between splits, the format cannot hold the set, or
            files changed since they were indexed.
    """
    from medsynth.workflows.recipe import read_run_recipe

    exporter_named(config.format)
    run = find_run(config.run)
    options = read_run_recipe(run, list(config.sets)).export
    export_set = run_export_set(run, options)
    out = config.out if config.out is not None else run.exports / config.format
    return deliver(config.format, export_set, out, options, report, overwrite=config.overwrite)


def run_export_set(run: Run, options: ChoiceOptions) -> ExportSet:
    """Return the set that the options choose of a run; pixels are read as they are needed.

    Raises:
        UsageError: there are no synthetic samples, though the options ask for some.
        InputError: the run's index or its manifest cannot be read.
    """
    index = DataIndex.load(run.path)
    items = {item.id: item for item in index.items}
    store = SampleStore(run.samples)
    if not len(store) and options.ratio != 0:
        raise UsageError(
            f"{run.path} holds no synthetic samples yet.",
            f"Make some: medsynth augment --n 100 --run {run.path}. "
            "For the real pairs alone: --set export.ratio=0",
        )
    real = tuple(
        Row(
            i.id,
            i.split,
            "real",
            i.group,
            content=f"{i.image_sha256} {i.mask_sha256}",
            attributes=i.attributes,
            spacing_mm=i.spacing_mm,
        )
        for i in index.items
    )
    made, synthetic, checkpoints = _synthetic_rows(store)
    rows = choose((*real, *synthetic), options)
    load_real = load_original if options.geometry == "original" else load_sample

    def load(row: Row) -> Sample:
        if row.origin == "real":
            return load_real(index, items[row.id])
        return store.read(made[row.id])

    return ExportSet(
        name=run.path.resolve().name,
        classes=index.classes,
        channels=index.channels,
        has_instances=index.has_instances,
        rows=rows,
        load=load,
        hw=_common_size(index, rows, options),
        real=real,
        about=_about(run, index, checkpoints, options),
        notes=_notes(index, rows, options),
    )


def _synthetic_rows(
    store: SampleStore,
) -> tuple[dict[str, ManifestRow], list[Row], list[str]]:
    """Return what is needed to read each sample, the rows, and the hashes of checkpoints.

    The lineage is let go, so that a large store costs some hundred bytes a sample.
    """
    made, rows, checkpoints = {}, [], set()
    for row in store.rows():
        if row.status == "accepted":
            sources, content = row.lineage.sources, hash_json(dict(row.files))
            rows.append(Row(row.id, row.split, "synthetic", row.group, sources, content))
            checkpoints.add(row.lineage.checkpoint_sha256)
            made[row.id] = replace(row, lineage=NO_LINEAGE)
    return made, rows, sorted(checkpoints)


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
    run: Run, index: DataIndex, checkpoints: list[str], options: ChoiceOptions
) -> dict[str, Any]:
    """Return where the set comes from: names and hashes, no paths."""
    return {
        "run": run.path.resolve().name,
        "recipe_sha256": hash_file(run.recipe),
        "index_sha256": index.hash,
        "checkpoint_sha256": checkpoints,
        "chosen_by": options.model_dump(mode="json", include=set(ChoiceOptions.model_fields)),
    }


def _notes(index: DataIndex, rows: tuple[Row, ...], options: ChoiceOptions) -> tuple[str, ...]:
    notes = []
    synthetic = [row for row in rows if row.origin == "synthetic"]
    brought = sum(not row.sources for row in synthetic)
    if options.synthetic_only:
        notes.append("Synthetic pairs only: there is no val and no test in this export.")
    if options.geometry == "original" and len(synthetic) not in {0, len(rows)}:
        height, width = index.size_hw
        notes.append(
            f"Real pairs have the size of their files, synthetic ones {height}x{width}: "
            "size and sharpness tell the two apart."
        )
    if brought:
        notes.append(
            f"{brought} synthetic pairs have masks from outside the data; nobody checked that "
            "these are not masks of val or test."
        )
    return tuple(notes)
