"""Splits that a file or the layout gives: checked, and completed by group."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from medsynth.core.errors import InputError
from medsynth.core.types import SPLITS, Split
from medsynth.core.words import counted
from medsynth.data.options import NONE, DataOptions
from medsynth.data.problems import Problem, problem
from medsynth.data.readers import Pair
from medsynth.data.readers.matching import SPLIT_FOLDERS
from medsynth.data.splits import split_groups, straddling
from medsynth.data.tables import SPLIT_FILE, read_table


def assign_splits(
    root: Path, pairs: Sequence[Pair], groups: Sequence[str], options: DataOptions, seed: int
) -> tuple[list[Split | None], list[Problem]]:
    """Return the split of each pair (None = left out) and what is wrong with given ones.

    Raises:
        InputError: the named split file is absent or lacks its column.
    """
    given = given_splits(root, pairs, options.split_file)
    if given is not None:
        return complete_splits(pairs, groups, given, options, seed)
    shares = dict(zip(SPLITS, options.fractions, strict=True))
    chosen = split_groups(Counter(groups), shares, seed)
    return [chosen[group] for group in groups], []


def given_splits(root: Path, pairs: Sequence[Pair], split_file: str | None) -> list[str] | None:
    """Return the split each pair is given, "" where none, or None where nothing gives any.

    Raises:
        InputError: the named CSV file is absent or lacks its column.
    """
    if split_file == NONE:
        return None
    if split_file is not None:
        table = read_table(root / split_file)
        if "split" not in table.columns:
            raise InputError(
                f"{root / split_file} has no column `split`.", "Name the column `split`."
            )
        return [table.row(pair.stem).get("split", "") for pair in pairs]
    given = [pair.attributes.get("split", "") for pair in pairs]
    return given if any(given) else None


def complete_splits(
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
                f"the given split has no {name}: {counted(taken, 'pair')} of train became {name}, "
                "by group",
                taken,
                (),
                f"Name {name} pairs in {SPLIT_FILE} to choose them yourself.",
            )
        )
    return new, problems
