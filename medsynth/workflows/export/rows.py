"""The rows of an export: what is listed of a run's real pairs and of its samples."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from medsynth.data.load import load_mask
from medsynth.data.records import DataIndex, Item
from medsynth.exporters.export_set import Row
from medsynth.io.hashing import hash_json
from medsynth.store.acceptance import Acceptance, acceptance
from medsynth.store.lineage import Lineage
from medsynth.store.manifest import ManifestRow
from medsynth.store.samples import SampleStore
from medsynth.store.shows import shows_of
from medsynth.store.verdicts import verdicts_of, worst_verdict


@dataclass(frozen=True, slots=True)
class Synthetic:
    """What a store holds, at some hundred bytes a sample.

    rows: of the accepted samples, in the order of the manifest.
    numbers: where each stands in the manifest, by id.
    checkpoints: hashes of the weights that made them, sorted.
    acceptance: what became of the plan's entries, those given up included.
    gates: the thresholds of each gate that judged them, as JSON values.
    sampling: each set of sampler settings, in the order of first use, and how many `samples` it
        made; samples that say nothing have none.
    """

    rows: tuple[Row, ...]
    numbers: dict[str, int]
    checkpoints: list[str]
    acceptance: Acceptance
    gates: dict[str, Any]
    sampling: list[dict[str, Any]]


def real_rows(index: DataIndex, with_classes: bool) -> tuple[Row, ...]:
    """Return a row a real pair; classes are read from the masks of train where asked for.

    Raises:
        InputError: a mask is gone, or changed since the index was made.
    """

    def classes(item: Item) -> tuple[int, ...] | None:
        if not with_classes or item.split != "train":
            return None
        return tuple(shows_of(load_mask(index, item))["classes"])

    return tuple(
        Row(
            i.id,
            i.split,
            "real",
            i.group,
            content=f"{i.image_sha256} {i.mask_sha256}",
            image_sha256=i.image_sha256,
            classes=classes(i),
            attributes=i.attributes,
            spacing_mm=i.spacing_mm,
        )
        for i in index.items
    )


def synthetic_rows(
    store: SampleStore, with_classes: bool, ranking: Collection[str] | None = None
) -> Synthetic:
    """Return what the store holds; classes come from the manifest, else from the masks.

    Args:
        store: of a run.
        with_classes: whether rows tell their classes.
        ranking: gates by whose figures a sample's quality goes; None: all that judged it.

    Raises:
        InputError: the manifest, or a mask that had to be read, is damaged.
    """
    rows, numbers, checkpoints = [], {}, set()
    thresholds: dict[str, set[float | None]] = {}
    settings: Counter[str] = Counter()

    def listed() -> Iterator[ManifestRow]:
        for number, row in enumerate(store.rows()):
            if row.status == "accepted":
                rows.append(_row(row, _classes(store, row) if with_classes else None, ranking))
                checkpoints.add(row.lineage.checkpoint_sha256)
                numbers[row.id] = number
                if row.lineage.sampler:
                    settings[json.dumps(dict(row.lineage.sampler))] += 1
                for gate, verdict in verdicts_of(row.lineage.gates).items():
                    thresholds.setdefault(gate, set()).add(verdict.get("threshold"))
            yield row

    found = acceptance(listed())
    gates = {
        gate: {"thresholds": sorted(each for each in values if each is not None)}
        for gate, values in sorted(thresholds.items())
    }
    sampling = [{"samples": count, **json.loads(text)} for text, count in settings.items()]
    return Synthetic(tuple(rows), numbers, sorted(checkpoints), found, gates, sampling)


def _row(row: ManifestRow, classes: tuple[int, ...] | None, ranking: Collection[str] | None) -> Row:
    worst = worst_verdict(row.lineage.gates, ranking)
    return Row(
        row.id,
        row.split,
        "synthetic",
        row.group,
        all_sources(row.lineage),
        hash_json(dict(row.files)),
        quality=None if worst is None else worst.percentile,
        classes=classes,
    )


def all_sources(lineage: Lineage) -> tuple[str, ...]:
    """Return the real pairs that a sample derives from: its sources, and its steps' donors."""
    donors = (str(donor) for step in lineage.steps for donor in step.get("donors") or ())
    return tuple(dict.fromkeys((*lineage.sources, *donors)))


def _classes(store: SampleStore, row: ManifestRow) -> tuple[int, ...]:
    shows = row.shows or shows_of(store.read(row).mask)
    return tuple(shows["classes"])
