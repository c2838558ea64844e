"""The plans of a set's shards: one plan, as far as each of them got."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from medsynth.core.errors import InputError
from medsynth.io.atomic import atomic_path


def join_plans(plan: Path, others: Sequence[Path]) -> None:
    """Let a run's plan be the longest of several that begin alike.

    Args:
        plan: the run's; it need not exist.
        others: the shards'; those that do not exist are passed over.

    Raises:
        InputError: two of them differ; nothing is written.
    """
    there = [path for path in (plan, *others) if path.exists()]
    if not there:
        return
    longest = max(there, key=lambda path: path.stat().st_size)
    for path in there:
        for number, (ours, theirs) in enumerate(zip(lines(path), lines(longest), strict=False), 1):
            if ours != theirs:
                raise InputError(
                    f"{path} and {longest} are of different plans: line {number} differs.",
                    "Shards plan alike with the same data, options and versions of numpy, scipy "
                    "and albumentations; make those again that were made otherwise.",
                )
    if longest != plan:
        with atomic_path(plan) as copy:
            shutil.copyfile(longest, copy)


def lines(path: Path) -> Iterator[bytes]:
    """Yield the whole lines of a file; the last may have been torn by a kill."""
    with path.open("rb") as file:
        for line in file:
            if line.endswith(b"\n"):
                yield line
