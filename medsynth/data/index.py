"""The data index, built from a folder: what fit asks for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from medsynth.data.examine import Progress
from medsynth.data.options import DataOptions
from medsynth.data.problems import raise_errors
from medsynth.data.records import DataIndex, Item
from medsynth.data.survey import survey_folder

__all__ = ["DataIndex", "Item", "build_index"]


def build_index(
    root: Path, options: DataOptions, seed: int, progress: Progress | None = None
) -> DataIndex:
    """Survey a folder and return its index; warnings and notes are in `DataIndex.notes`.

    Raises:
        InputError: all problems at once, counted, with first examples; or nothing to read.
        UsageError: an option is wrong.
    """
    survey = survey_folder(root, options, seed, progress=progress)
    raise_errors(str(root), survey.problems)
    return replace(survey.index, notes=survey.problems)
