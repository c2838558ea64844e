"""What augment works on: masks that want an image, in numbered blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from medsynth.core.types import Mask


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """A mask that wants an image.

    index, key: its place and name among all of the run's.
    sources: ids of the training masks that it derives from; none for a user's.
    steps: what was done to them, for the lineage.
    group: groups of the sources, joined by "+".
    groups: the same, apart; of a user's mask none, for nobody knows whom it is of.
    attributes: what the CSV files say of the pair in whose place it stands.
    """

    index: int
    key: str
    mask: Mask
    sources: tuple[str, ...]
    steps: tuple[Mapping[str, Any], ...]
    group: str
    groups: frozenset[str] = frozenset()
    attributes: Mapping[str, str] = field(default_factory=dict)


class MaskWork(Protocol):
    """Masks in blocks of the batch size, each asked for once and in order."""

    waits: bool
    """Whether a block depends on what became of the one before."""
    relaxed: Counter[str]
    """Of the masks handed out so far: how many were planned in spite of each flaw."""

    def block(self, number: int) -> list[Wanted]:
        """Return block `number`, from 0, always whole: its images' bytes depend on it."""
