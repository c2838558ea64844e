"""What goes into the store: samples with their place in the plan, and entries given up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from medsynth.core.types import Sample, Split
from medsynth.store.lineage import Lineage
from medsynth.store.manifest import ManifestRow
from medsynth.store.shows import shows_of


@dataclass(frozen=True, slots=True, eq=False)
class NewSample:
    """An accepted sample on its way into the store, with its place in the plan."""

    sample: Sample
    index: int
    lineage: Lineage

    @property
    def id(self) -> str:
        """Name of the sample."""
        return self.sample.id

    def row(self, files: Mapping[str, str]) -> ManifestRow:
        """Return its row of the manifest, given the SHA-256 of its files by kind."""
        sample, shows = self.sample, shows_of(self.sample.mask)
        return ManifestRow(
            sample.id, self.index, "accepted", files, sample.group, sample.split, self.lineage,
            shows=shows,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class GivenUp:
    """An entry of the plan for which no acceptable image was found.

    shows: what its mask shows, see `store.shows`; None where that is not known.
    """

    id: str
    index: int
    lineage: Lineage
    reason: str
    group: str = ""
    split: Split = "train"
    shows: Mapping[str, Any] | None = None

    def row(self) -> ManifestRow:
        """Return its row of the manifest."""
        return ManifestRow(
            self.id, self.index, "given-up", {}, self.group, self.split, self.lineage,
            self.reason, self.shows,
        )  # fmt: skip
