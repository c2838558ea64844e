"""How many images were drawn, accepted, refused and given up: by class, size and operator."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from medsynth.store.manifest import ManifestRow
from medsynth.store.tally import Tally

SMALL, MEDIUM, LARGE, EMPTY = "small", "medium", "large", "empty"
NO_OPERATOR = "none"
"""Stands for masks that no step has changed."""


@dataclass(frozen=True)
class Acceptance:
    """What became of a run's plan so far.

    total: over all entries.
    by_class: by class id; an entry counts for each class that its mask shows.
    by_size: by tertiles of the masks' foreground: "small", "medium", "large", as far as there
        are any; and "empty".
    by_operator: by the name of each operator that took part in the mask, "none" where none did.
    size_limits_px: the largest foreground that is small, and that is medium; None where no
        mask's is known.
    unknown: entries of older versions, of whose masks neither class nor size is known.
    """

    total: Tally
    by_class: Mapping[int, Tally]
    by_size: Mapping[str, Tally]
    by_operator: Mapping[str, Tally]
    size_limits_px: tuple[int, int] | None
    unknown: int


def acceptance(rows: Iterable[ManifestRow]) -> Acceptance:
    """Return what became of the entries; memory does not grow with their number.

    An image counts as drawn once for each attempt that the gates recorded, once where they
    recorded none.
    """
    total, unknown = Tally(), 0
    by_class: dict[int, Tally] = {}
    by_area: dict[int, Tally] = {}
    by_operator: dict[str, Tally] = {}
    for row in rows:
        total.note(row)
        names = dict.fromkeys(str(step.get("op")) for step in row.lineage.steps)
        for name in names or (NO_OPERATOR,):
            by_operator.setdefault(name, Tally()).note(row)
        if row.shows is None:
            unknown += 1
            continue
        by_area.setdefault(row.shows["area_px"], Tally()).note(row)
        for class_id in row.shows["classes"]:
            by_class.setdefault(class_id, Tally()).note(row)
    limits = _tertiles({area: tally.entries for area, tally in by_area.items() if area})
    return Acceptance(
        total,
        dict(sorted(by_class.items())),
        _by_size(by_area, limits),
        dict(sorted(by_operator.items())),
        limits,
        unknown,
    )


def _tertiles(counts: Mapping[int, int]) -> tuple[int, int] | None:
    """Return the areas up to which a third, and two thirds, of the entries lie."""
    if not counts:
        return None
    entries, passed = sum(counts.values()), 0
    limits: list[int] = []
    for area in sorted(counts):
        passed += counts[area]
        while len(limits) < 2 and 3 * passed >= entries * (len(limits) + 1):
            limits.append(area)
    return limits[0], limits[1]


def _by_size(by_area: Mapping[int, Tally], limits: tuple[int, int] | None) -> dict[str, Tally]:
    found = {name: Tally() for name in (SMALL, MEDIUM, LARGE, EMPTY)}
    for area, tally in by_area.items():
        if not area or limits is None:
            found[EMPTY].add(tally)
        else:
            found[(SMALL, MEDIUM, LARGE)[sum(area > limit for limit in limits)]].add(tally)
    return {name: tally for name, tally in found.items() if tally.entries}
