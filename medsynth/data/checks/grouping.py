"""Groups nobody told: stems that share a prefix, and chains of like images."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from medsynth.data.checks.likeness import Likeness
from medsynth.data.problems import Problem, problem
from medsynth.data.readers.matching import split_of

WHOLE_PATH = "(.+)/[^/]+$"
PATTERNS = (
    r"^([^/]+)/",
    f"^{WHOLE_PATH}",
    r"((?:patient|pat|subject|subj|sub|case|pt|slide|video|seq)[-_]?\d+)",
    r"^([A-Za-z]+\d+|\d+)[-_ ]",
    r"^(.+)[-_ ][A-Za-z]*\d+$",
)
"""Tried in order; the first that makes sensible groups of all stems is suggested.

The top folder goes before the whole path: of patient/visit/slice, a patient must stay in one split.
"""
SPLIT_FOLDER = "^[^/]+/"
LEAST_CHAINED = 0.1


def suggest_regex(keys: Sequence[str]) -> tuple[str, Counter[str]] | None:
    """Return a regex that groups all keys, and the groups' sizes, or None.

    Sensible groups: at least two, and two pairs or more in each on average. Folders that are
    called after splits are passed over: they are no patients.

    >>> suggest_regex(["p01_1", "p01_2", "p02_1", "p02_2"])[0]
    '^([A-Za-z]+\\\\d+|\\\\d+)[-_ ]'
    """
    return next(_sensible(keys), None)


def _sensible(keys: Sequence[str]) -> Iterator[tuple[str, Counter[str]]]:
    """Yield the regexes that make sensible groups, each with its groups' sizes."""
    in_splits = all(split_of(key) for key in keys)
    for plain in PATTERNS:
        anchored = in_splits and plain.startswith("^")
        pattern = SPLIT_FOLDER + plain.removeprefix("^") if anchored else plain
        hits = [re.search(pattern, key) for key in keys]
        groups = Counter(hit.group(1) for hit in hits if hit is not None)
        if all(hits) and 2 <= len(groups) <= len(keys) / 2:
            yield pattern, groups


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
    suggestions = list(_sensible(keys))
    if suggestions:
        pattern, groups = suggestions[0]
        out += problem(
            "groups-in-names",
            "warning",
            f"no groups are known, but names look like {len(groups)} patients or series",
            [f"{name} ({n} pairs)" for name, n in groups.most_common()],
            f"If so: {_told(pattern)}; {_finer(suggestions)}else --set data.groups=none "
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


def _told(pattern: str) -> str:
    return f"--set \"data.groups='{pattern}'\""


def _finer(suggestions: Sequence[tuple[str, Counter[str]]]) -> str:
    """Return how to group by the whole path, where that makes more groups than the top folder."""
    (_, coarse), *others = suggestions
    for pattern, groups in others:
        if pattern.endswith(WHOLE_PATH) and len(groups) > len(coarse):
            return f"if they are the {len(groups)} folders below: {_told(pattern)}; "
    return ""
