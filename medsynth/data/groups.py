"""The group of each pair: what must not be split (patient, video, slide)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from medsynth.core.errors import InputError, UsageError
from medsynth.data.options import NONE
from medsynth.data.problems import Problem, problem
from medsynth.data.readers import Pair
from medsynth.data.tables import Table, read_table

GROUPS_FILE = "groups.csv"


@dataclass(frozen=True, slots=True)
class Groups:
    """Group of each pair, in their order.

    known: whether they were given, not each pair its own.
    """

    names: list[str]
    known: bool
    problems: list[Problem]


def find_groups(
    root: Path,
    pairs: Sequence[Pair],
    ids: Sequence[str],
    tables: Mapping[str, Table],
    told: str | None,
) -> Groups:
    """Return the groups as `data.groups` tells them, else from groups.csv or a `group` column.

    Raises:
        InputError: a named CSV file is absent or lacks its column.
        UsageError: the regex is none, or has not one capture group.
    """
    if told == NONE:
        return Groups(list(ids), False, [])
    if told is not None and not told.lower().endswith(".csv"):
        pattern = _pattern(told)
        hits = [pattern.search(pair.stem) for pair in pairs]
        found = [hit.group(1) or "" if hit else "" for hit in hits]
    else:
        table = read_table(root / told) if told else tables.get(GROUPS_FILE)
        if told and table is not None and "group" not in table.columns:
            raise InputError(f"{root / told} has no column `group`.", "Name the column `group`.")
        if table is None or "group" not in table.columns:
            found = [pair.attributes.get("group", "") for pair in pairs]
        else:
            found = [table.row(pair.stem).get("group", "") for pair in pairs]
    if not any(found):
        return Groups(list(ids), False, _regex_missed(told))
    missing = [pair.key for pair, group in zip(pairs, found, strict=True) if not group]
    found = _hidden(pairs, found)
    return Groups(
        [group or own for group, own in zip(found, ids, strict=True)],
        True,
        problem(
            "group-missing",
            "warning",
            "some pairs have no group and count as one of their own",
            missing,
            "Give each stem a group, or its copies may lie in two splits.",
        ),
    )


def _hidden(pairs: Sequence[Pair], found: Sequence[str]) -> list[str]:
    """Return the groups; one of pairs whose name is hidden is called after its first pair."""
    first: dict[str, str] = {}
    for pair, group in zip(pairs, found, strict=True):
        own = group == pair.attributes.get("group") or not pair.listed_as
        first.setdefault(group, group if own or not group else f"group-of-{pair.key}")
    return [first[group] for group in found]


def _regex_missed(told: str | None) -> list[Problem]:
    if told is None:
        return []
    return problem(
        "group-missing",
        "error",
        "data.groups finds no group for any pair",
        [told],
        "Mend data.groups; a regex is searched in the stem and needs one capture group.",
    )


def _pattern(text: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(text)
    except re.error as error:
        raise UsageError(f"data.groups is no regular expression: {error} ({text!r}).") from error
    if pattern.groups != 1:
        raise UsageError(
            f"data.groups needs one capture group, {text!r} has {pattern.groups}.",
            "For example data.groups='^(patient\\d+)_'",
        )
    return pattern
