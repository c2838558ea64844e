"""doctor: what is in a folder, what is wrong with it, what a fit would take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from medsynth.core.errors import MedsynthError
from medsynth.core.types import SPLITS, Sample
from medsynth.data.checks.balance import (
    ClassShare,
    balance_problems,
    class_shares,
    count_problems,
)
from medsynth.data.checks.fingerprint import fingerprint
from medsynth.data.checks.framing import framing_problems
from medsynth.data.checks.grouping import group_problems
from medsynth.data.checks.held_out import held_out_problems
from medsynth.data.checks.leaks import conflicting_masks, leak_problems
from medsynth.data.checks.likeness import abutting, equal_files, near_duplicates
from medsynth.data.class_pixels import class_pixels
from medsynth.data.contact_sheet import contact_sheet
from medsynth.data.examine import Progress
from medsynth.data.load import load_sample
from medsynth.data.options import DataOptions
from medsynth.data.problems import SEVERITIES, Problem
from medsynth.data.records import DataIndex, Item
from medsynth.data.survey import Survey, survey_folder
from medsynth.io.images import write_png

CodecCheck = Callable[[Sequence[Sample]], Sequence[Problem]]
"""Sends samples through a codec and back; returns what detail that matters is lost."""
FitEstimate = Callable[[DataIndex], Mapping[str, Any]]
"""Returns what a fit on this index would take, as JSON values (hours, memory, ...)."""

CODEC_SAMPLES = 8
SHEET_SAMPLES = 24


@dataclass(frozen=True, slots=True)
class Report:
    """What doctor found.

    found: pairs looked at; pairs: usable ones.
    splits: pairs in train, val and test.
    groups: number of groups; None when none are known.
    classes: background first.
    mask_meaning: binary, labels or instances.
    index_hash: of the index a fit would build.
    problems: errors first, then warnings, then notes.
    fit: what a fit would take; None when nobody was asked.
    contact_sheet: where it was written; sheet_pairs: names of the pairs on it, row by row.
    """

    root: Path
    reader: str
    found: int
    pairs: int
    splits: Mapping[str, int]
    groups: int | None
    classes: tuple[ClassShare, ...]
    mask_meaning: str
    has_instances: bool
    channels: int
    size_hw: tuple[int, int]
    fit_mode: str
    index_hash: str
    problems: tuple[Problem, ...]
    fit: Mapping[str, Any] | None = None
    contact_sheet: Path | None = None
    sheet_pairs: tuple[str, ...] = ()

    def count(self, severity: str) -> int:
        """Return how many kinds of problems have this severity."""
        return sum(found.severity == severity for found in self.problems)


def diagnose(
    root: Path,
    options: DataOptions,
    seed: int = 0,
    *,
    sheet: Path | None = None,
    codec_check: CodecCheck | None = None,
    fit_estimate: FitEstimate | None = None,
    progress: Progress | None = None,
) -> Report:
    """Look a data folder through.

    Args:
        root: the data folder.
        options: as a fit would have them.
        seed: run seed; it decides the split where none is given.
        sheet: where to write a contact sheet (PNG); nothing is written when None.
        codec_check: further check of a few train samples at the model's geometry.
        fit_estimate: what a fit on the index would take.
        progress: told after each pair.

    Raises:
        InputError: there is nothing to look at: no folder, no picture, no pair at all.
        UsageError: an option is wrong.
    """
    survey = survey_folder(root, options, seed, look=fingerprint, progress=progress)
    index = survey.index
    problems = [*survey.problems, *further_problems(survey, options, seed)]
    shown = spread(index, SHEET_SAMPLES) if sheet is not None else []
    if sheet is not None and shown:
        write_png(sheet, contact_sheet([(load_sample(index, i), named(i)) for i in shown]))
    fit = None
    try:
        if codec_check is not None and index.items:
            problems += codec_check(_samples(index, CODEC_SAMPLES))
        if fit_estimate is not None and fits(index, problems):
            if progress is not None:
                progress(0, 0, "measuring what a fit would take")
            fit = fit_estimate(index)
    except MedsynthError as error:
        what = f"this recipe cannot be tried: {error.what}"
        problems.append(Problem("not-tried", "warning", what, 1, (), error.tip or ""))
    pixels = [class_pixels(fact, index.coding) for fact in survey.facts]
    return Report(
        root=index.root,
        reader=index.reader,
        found=survey.found,
        pairs=len(index.items),
        splits={name: len(index.split(name)) for name in SPLITS},
        groups=len({item.group for item in index.items}) if survey.groups_known else None,
        classes=class_shares(index.classes, pixels),
        mask_meaning=index.coding.meaning,
        has_instances=index.has_instances,
        channels=index.channels,
        size_hw=index.size_hw,
        fit_mode=index.fit,
        index_hash=index.hash,
        problems=tuple(sorted(problems, key=lambda found: SEVERITIES.index(found.severity))),
        fit=fit,
        contact_sheet=sheet if shown else None,
        sheet_pairs=tuple(map(named, shown)),
    )


def fits(index: DataIndex, problems: Sequence[Problem]) -> bool:
    """Return whether a fit would start on this index at all."""
    return bool(index.split("train")) and not any(p.severity == "error" for p in problems)


def further_problems(survey: Survey, options: DataOptions, seed: int) -> list[Problem]:
    """Return what the checks of `medsynth.data.checks` find in surveyed pairs."""
    index, facts = survey.index, survey.facts
    if not index.items:
        return []
    items = index.items
    prints = [fact.extra for fact in facts]
    pixels = [class_pixels(fact, index.coding) for fact in facts]
    same = equal_files([item.image_sha256 for item in items])
    near = sorted(set(near_duplicates(prints)) - set(same))
    tiles = abutting(prints)
    keys = [item.attributes["key"] for item in items]
    return [
        *count_problems(len(items), len(index.split("train"))),
        *held_out_problems(items, options, seed),
        *leak_problems("duplicate", same, items),
        *conflicting_masks(same, items),
        *leak_problems("near-duplicate", near, items),
        *leak_problems("abutting", tiles, items),
        *group_problems(keys, [*same, *near, *tiles], survey.groups_known),
        *balance_problems(index.classes, pixels, [item.split for item in items]),
        *framing_problems(index, facts, pixels),
    ]


def spread(index: DataIndex, most: int) -> list[Item]:
    """Return up to `most` items, spread evenly over train, then val, then test.

    Test is shown, too: nothing is learned or chosen by it here, and a person may look.
    """
    items = [item for name in SPLITS for item in index.split(name)]
    shown = min(most, len(items))
    return [items[k * len(items) // shown] for k in range(shown)]


def named(item: Item) -> str:
    """Return what a pair is called on the contact sheet."""
    return f"{item.attributes['key']} ({item.split})"


def _samples(index: DataIndex, most: int) -> list[Sample]:
    """Return up to `most` samples spread over train; test stays closed."""
    items: Sequence[Item] = index.split("train") or index.split("val") or index.items
    step = max(1, len(items) // most)
    return [load_sample(index, item) for item in items[::step][:most]]
