"""Groups nobody told: stems that share a prefix, and chains of like images."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence

from medsynth.data.checks.likeness import Likeness
from medsynth.data.problems import Problem, problem

PATTERNS = (
    r"^(.+)/[^/]+$",
    r"((?:patient|pat|subject|subj|sub|case|pt|slide|video|seq)[-_]?\d+)",
    r"^([A-Za-z]+\d+|\d+)[-_ ]",
    r"^(.+)[-_ ][A-Za-z]*\d+$",
)
"""Tried in order; the first that makes sensible groups of all stems is suggested."""
LEAST_CHAINED = 0.1


def suggest_regex(keys: Sequence[str]) -> tuple[str, Counter[str]] | None:
    """Return a regex that groups all keys, and the groups' sizes, or None.

    Sensible groups: at least two, and two pairs or more in each on average.

    >>> suggest_regex(["p01_1", "p01_2", "p02_1", "p02_2"])[0]
    '^([A-Za-z]+\\\\d+|\\\\d+)[-_ ]'
    """
    for pattern in PATTERNS:
        hits = [re.search(pattern, key) for key in keys]
        groups = Counter(hit.group(1) for hit in hits if hit is not None)
        if all(hits) and 2 <= len(groups) <= len(keys) / 2:
            return pattern, groups
    return None


def chains(pairs: Iterable[Likeness], count: int) -> list[list[int]]:
    """Return the sets of two or more positions that pairs connect, each sorted."""
    parent = list(range(count))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    for a, b in pairs:
        parent[max(root(a), root(b))] = min(root(a), root(b))
    sets: dict[int, list[int]] = {}
    for place in range(count):
        sets.setdefault(root(place), []).append(place)
    return [found for found in sets.values() if len(found) > 1]


def group_problems(
    keys: Sequence[str], likenesses: Iterable[Likeness], groups_known: bool
) -> list[Problem]:
    """Return the groups that names or likenesses hint at, where none were told."""
    if groups_known:
        return []
    out: list[Problem] = []
    suggestion = suggest_regex(keys)
    if suggestion is not None:
        pattern, groups = suggestion
        out += problem(
            "groups-in-names",
            "warning",
            f"no groups are known, but names look like {len(groups)} patients or series",
            [f"{name} ({n} pairs)" for name, n in groups.most_common()],
            f"If so: --set \"data.groups='{pattern}'\"; else --set data.groups=none "
            "or a groups.csv.",
        )
    linked = chains(likenesses, len(keys))
    if sum(map(len, linked)) >= max(2, LEAST_CHAINED * len(keys)):
        out += problem(
            "groups-in-images",
            "warning",
            f"no groups are known, but {sum(map(len, linked))} images form chains of like "
            "or abutting ones",
            [f"{keys[found[0]]} ... {keys[found[-1]]} ({len(found)})" for found in linked],
            "Write groups.csv (stem,group) that gives each chain one group: patient, video, slide.",
        )
    return out
