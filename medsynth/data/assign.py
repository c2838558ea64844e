"""Each pair's attributes, group and split, from CSV files, the layout, or the options."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from medsynth.core.errors import InputError, UsageError, did_you_mean, listed
from medsynth.core.types import SPLITS, Split
from medsynth.data.options import NONE, DataOptions
from medsynth.data.problems import Problem, problem
from medsynth.data.readers import Pair
from medsynth.data.readers.matching import SPLIT_FOLDERS
from medsynth.data.splits import split_groups, straddling
from medsynth.data.tables import Table, read_table

GROUPS_FILE = "groups.csv"
SPLIT_FILE = "split.csv"


@dataclass(frozen=True, slots=True)
class Assigned:
    """Group and split of each pair, in the order of the pairs; None = left out."""

    groups: list[str]
    splits: list[Split | None]
    groups_known: bool
    problems: list[Problem]


def with_attributes(pairs: Sequence[Pair], tables: Mapping[str, Table]) -> list[Pair]:
    """Return the pairs with what the CSV files say of them; later files win, split.csv last."""
    order = sorted(tables.values(), key=lambda table: (table.name == SPLIT_FILE, table.name))
    out = []
    for pair in pairs:
        attributes = dict(pair.attributes)
        for table in order:
            attributes.update(table.row(pair.key))
        out.append(replace(pair, attributes=attributes))
    return out


def matches(attributes: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Return whether all wanted columns have their wanted value."""
    return all(attributes.get(column) == value for column, value in wanted.items())


def check_filter(pairs: Sequence[Pair], wanted: Mapping[str, str], option: str) -> None:
    """Raise if a filter names a column or a value that no pair has.

    Raises:
        InputError: with the columns or values there are.
    """
    for column, value in wanted.items():
        values = Counter(p.attributes[column] for p in pairs if column in p.attributes)
        if not values:
            columns = sorted({name for pair in pairs for name in pair.attributes})
            hint = did_you_mean(column, columns) if columns else "DATA has no CSV with `stem`"
            raise InputError(f"data.{option}: no CSV gives a column '{column}': {hint}.")
        if value not in values:
            raise InputError(
                f"data.{option}: no pair has {column}={value}.",
                f"{column} is one of: {listed(sorted(values), 12)}.",
            )


def assign(
    root: Path,
    pairs: Sequence[Pair],
    ids: Sequence[str],
    tables: Mapping[str, Table],
    options: DataOptions,
    seed: int,
) -> Assigned:
    """Return group and split of each pair, and what is wrong with them.

    Raises:
        InputError: a named CSV file is absent or lacks its column.
        UsageError: the group regex is none, or has not one capture group.
    """
    groups, known, problems = _groups(root, pairs, ids, tables, options)
    given = _given_splits(root, pairs, tables, options)
    if given is None:
        sizes = Counter(groups)
        chosen = split_groups(sizes, dict(zip(SPLITS, options.fractions, strict=True)), seed)
        splits: list[Split | None] = [chosen[group] for group in groups]
    else:
        splits, more = _complete(pairs, groups, given, options, seed)
        problems += more
    return Assigned(groups, splits, known, problems)


def _groups(
    root: Path,
    pairs: Sequence[Pair],
    ids: Sequence[str],
    tables: Mapping[str, Table],
    options: DataOptions,
) -> tuple[list[str], bool, list[Problem]]:
    told = options.groups
    if told == NONE:
        return list(ids), False, []
    if told is not None and not told.lower().endswith(".csv"):
        pattern = _pattern(told)
        hits = [pattern.search(pair.key) for pair in pairs]
        found = [hit.group(1) or "" if hit else "" for hit in hits]
    else:
        table = read_table(root / told) if told else tables.get(GROUPS_FILE)
        if told and table is not None and "group" not in table.columns:
            raise InputError(f"{root / told} has no column `group`.", "Name the column `group`.")
        if table is None or "group" not in table.columns:
            found = [pair.attributes.get("group", "") for pair in pairs]
        else:
            found = [table.row(pair.key).get("group", "") for pair in pairs]
    if not any(found):
        return list(ids), False, _regex_missed(told)
    missing = [pair.key for pair, group in zip(pairs, found, strict=True) if not group]
    return (
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


def _given_splits(
    root: Path, pairs: Sequence[Pair], tables: Mapping[str, Table], options: DataOptions
) -> list[str] | None:
    """Return the split each pair is given, "" where none, or None where nothing gives any."""
    if options.split_file == NONE:
        return None
    if options.split_file is not None:
        table = read_table(root / options.split_file)
        if "split" not in table.columns:
            raise InputError(
                f"{root / options.split_file} has no column `split`.", "Name the column `split`."
            )
        return [table.row(pair.key).get("split", "") for pair in pairs]
    given = [pair.attributes.get("split", "") for pair in pairs]
    return given if any(given) else None


def _complete(
    pairs: Sequence[Pair],
    groups: Sequence[str],
    given: Sequence[str],
    options: DataOptions,
    seed: int,
) -> tuple[list[Split | None], list[Problem]]:
    """Check given splits, and take a missing val or test out of train by group."""
    names = [SPLIT_FOLDERS.get(text.lower()) for text in given]
    splits: list[Split | None] = [_as_split(name) for name in names]
    keys = [pair.key for pair in pairs]
    unknown = [f"{k}: {g}" for k, g, s in zip(keys, given, splits, strict=True) if g and not s]
    left_out = [key for key, text in zip(keys, given, strict=True) if not text]
    problems = problem(
        "split-unknown", "error", "some pairs have a split that is none of train, val, test",
        unknown, "Write train, val or test.",
    )  # fmt: skip
    problems += problem(
        "split-missing", "warning", "some pairs have no split and are left out", left_out,
        "Give each stem a split, or set data.split_file=none to split anew.",
    )  # fmt: skip
    kept = [(g, s) for g, s in zip(groups, splits, strict=True) if s is not None]
    problems += problem(
        "group-straddles", "error", "some groups lie in two or more splits, which leaks",
        straddling([g for g, _ in kept], [s for _, s in kept]),
        "Give all pairs of a group one split, or set data.split_file=none to split anew.",
    )  # fmt: skip
    return _fill_absent(groups, splits, options, seed, problems)


def _as_split(name: str | None) -> Split | None:
    return next((split for split in SPLITS if split == name), None)


def _fill_absent(
    groups: Sequence[str],
    splits: list[Split | None],
    options: DataOptions,
    seed: int,
    problems: list[Problem],
) -> tuple[list[Split | None], list[Problem]]:
    shares = dict(zip(SPLITS, options.fractions, strict=True))
    absent = [name for name in SPLITS if name not in splits and shares[name] > 0]
    if "train" in absent:
        problems += problem(
            "split-no-train", "error", "no pair is in train", ["split"],
            "Put most groups in train, or set data.split_file=none to split anew.",
        )  # fmt: skip
        return splits, problems
    if not absent:
        return splits, problems
    wanted = {name: shares[name] for name in ("train", *absent)}
    whole = sum(wanted.values())
    sizes = Counter(g for g, s in zip(groups, splits, strict=True) if s == "train")
    chosen = split_groups(sizes, {name: part / whole for name, part in wanted.items()}, seed)
    new = [chosen[g] if s == "train" else s for g, s in zip(groups, splits, strict=True)]
    for name in absent:
        taken = sum(split == name for split in new)
        problems.append(
            Problem(
                "split-absent",
                "warning",
                f"the given split has no {name}: {taken} pairs of train became {name}, by group",
                taken,
                (),
                f"Name {name} pairs in {SPLIT_FILE} to choose them yourself.",
            )  # fmt: skip
        )
    return new, problems
