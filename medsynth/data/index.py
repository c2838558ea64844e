"""The data index, built from a folder: what fit asks for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from shlex import quote

from medsynth.data.examine import Progress
from medsynth.data.observations import ONE_PAIR
from medsynth.data.options import DataOptions
from medsynth.data.problems import raise_errors
from medsynth.data.records import DataIndex, Item
from medsynth.data.survey import survey_folder

__all__ = ["DataIndex", "Item", "build_index"]


def build_index(
    root: Path,
    options: DataOptions,
    seed: int,
    progress: Progress | None = None,
    *,
    least_pairs: int = 2,
) -> DataIndex:
    """Survey a folder and return its index; warnings and notes are in `DataIndex.notes`.

    Args:
        root: the data folder.
        options: what it is and how it is read.
        seed: run seed; it decides the split where none is given.
        progress: told after each pair.
        least_pairs: 2 for a fit, which chooses its checkpoint on another pair than it learns
            from; 1 for what needs no val.

    Raises:
        InputError: all problems at once, counted, with first examples; or nothing to read.
        UsageError: an option is wrong.
    """
    survey = survey_folder(root, options, seed, progress=progress)
    alone = least_pairs < 2
    problems = tuple(p for p in survey.problems if not (alone and p.code == ONE_PAIR))
    raise_errors(str(root), problems, f"See everything with: medsynth doctor {quote(str(root))}")
    return replace(survey.index, notes=problems)
