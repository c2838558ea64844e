"""Which synthetic rows are taken where not all are: the first, within caps."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from medsynth.exporters.export_set import Row

Classes = tuple[int, ...] | None


def best_first(rows: Iterable[Row]) -> list[Row]:
    """Return rows with the best quality first; ties, and rows without one, last, by id."""
    return sorted(rows, key=lambda row: (row.quality is None, -(row.quality or 0.0), row.id))


def places_by_classes(real: Sequence[Row], total: int) -> dict[Classes, int]:
    """Return how many of `total` places each combination of classes has among real rows.

    In proportion; what rounding leaves goes to the largest remainders, then to the
    combination that is first in order. Pairs that show no class are a combination too.
    """
    counts = Counter(row.classes for row in real)
    exact = {key: total * count / len(real) for key, count in counts.items()}
    places = {key: math.floor(share) for key, share in exact.items()}
    by_remainder = sorted(exact, key=lambda key: (places[key] - exact[key], key or ()))
    for key in by_remainder[: total - sum(places.values())]:
        places[key] += 1
    return places


def picked(
    ranked: Iterable[Row],
    most: int | None = None,
    per_source: int | None = None,
    places: Mapping[Classes, int] | None = None,
) -> list[Row]:
    """Return the rows taken, in the order given.

    Args:
        ranked: in the order of choice.
        most: so many at most.
        per_source: so many at most of one source mask, the first that a row names; rows
            without a source are not capped by it.
        places: so many at most of each combination of classes, and none of others.
    """
    taken: list[Row] = []
    of_source: Counter[str] = Counter()
    of_classes: Counter[Classes] = Counter()
    for row in ranked:
        if most is not None and len(taken) >= most:
            break
        source = next(iter(row.sources), None)
        if per_source is not None and source is not None and of_source[source] >= per_source:
            continue
        if places is not None and of_classes[row.classes] >= places.get(row.classes, 0):
            continue
        if source is not None:
            of_source[source] += 1
        of_classes[row.classes] += 1
        taken.append(row)
    return taken
