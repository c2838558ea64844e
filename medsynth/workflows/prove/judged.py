"""What a proof compares its segmenters on: held-out pairs of the run, or another data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from medsynth.core.types import Split
from medsynth.data.index import DataIndex
from medsynth.quality.gates.gate import Pairs
from medsynth.workflows.gates import load_labelled
from medsynth.workflows.other_data import read_other_data
from medsynth.workflows.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Judged:
    """Real pairs that segmenters are compared on.

    name: in words: a split, or the folder of another data set.
    part: under which the scores on them are kept; a file name.
    ids, groups: of each pair, in order.
    pairs: reads them at the model's geometry, in the run's classes.
    notes: what to keep in mind about them.
    """

    name: str
    part: str
    ids: tuple[str, ...]
    groups: tuple[str, ...]
    pairs: Callable[[], Pairs]
    notes: tuple[str, ...] = ()

    @property
    def is_test(self) -> bool:
        """Whether these are the run's own test pairs."""
        return self.part == "test"


def own_split(index: DataIndex, split: Split) -> Judged:
    """Return the pairs of one of the run's own splits."""
    items = index.split(split)
    return Judged(
        split,
        split,
        tuple(item.id for item in items),
        tuple(item.group for item in items),
        cache(lambda: load_labelled(index, items)),
    )


def other_set(folder: Path, recipe: Recipe, run: Path, index: DataIndex) -> Judged:
    """Return the pairs of another data set that run and segmenters know nothing of.

    Raises:
        InputError: as `read_other_data`.
    """
    other = read_other_data(folder, recipe, run, index, apart=True)
    part = f"other-{other.hash[:12]}"
    return Judged(
        other.name,
        part,
        tuple(f"{part}-{k:05d}" for k in range(len(other.pairs))),
        tuple("+".join(sorted(groups)) for groups in other.pairs.groups),
        lambda: other.pairs,
        other.notes,
    )
