"""Where the samples come from, counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from medsynth.data.records import DataIndex
from medsynth.store.manifest import ManifestRow


@dataclass(frozen=True, slots=True)
class LineageCounts:
    """Counts over the accepted samples of a manifest.

    sources: real pairs that masks derive from. groups: patients or whatever kept them together.
    splits: of these pairs, how many are in each split; user_masks: samples of masks that came
    from elsewhere. operators: how many samples each had a part in. sampler: settings of the
    newest sample.
    """

    samples: int
    sources: int
    groups: int
    splits: Mapping[str, int]
    user_masks: int
    operators: Mapping[str, int]
    seeds: tuple[int, ...]
    checkpoints: tuple[str, ...]
    sampler: Mapping[str, Any]


def lineage_of(rows: Iterable[ManifestRow], index: DataIndex) -> LineageCounts:
    """Count what the samples derive from."""
    items = {item.id: item for item in index.items}
    sources: set[str] = set()
    operators: Counter[str] = Counter()
    seeds: set[int] = set()
    checkpoints: set[str] = set()
    sampler: Mapping[str, Any] = {}
    samples = user_masks = 0
    for row in rows:
        if row.status != "accepted":
            continue
        samples += 1
        known = [each for each in row.lineage.sources if each in items]
        sources.update(known)
        user_masks += not known
        operators.update({str(step["op"]) for step in row.lineage.steps})
        seeds.add(row.lineage.seed)
        checkpoints.add(row.lineage.checkpoint_sha256)
        sampler = row.lineage.sampler
    return LineageCounts(
        samples,
        len(sources),
        len({items[each].group for each in sources}),
        Counter(items[each].split for each in sorted(sources)),
        user_masks,
        dict(sorted(operators.items(), key=lambda each: (-each[1], each[0]))),
        tuple(sorted(seeds)),
        tuple(sorted(checkpoints)),
        sampler,
    )
