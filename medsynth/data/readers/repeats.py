"""Pairs that stand twice in what a reader reads: the first is kept, the others are told."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from medsynth.data.readers import Pair


def first_of_each(
    pairs: Iterable[Pair], name: Callable[[Pair], str]
) -> tuple[list[Pair], tuple[str, ...]]:
    """Return the first pair of each `name`, and for each other one where the two stand.

    The second is for `Found.twice`.
    """
    first: dict[str, Pair] = {}
    twice = []
    for pair in pairs:
        called = name(pair)
        before = first.setdefault(called, pair)
        if before is not pair:
            twice.append(f"{called}: {before.masks[0]} and {pair.masks[0]}")
    return list(first.values()), tuple(twice)
