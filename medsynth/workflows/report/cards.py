"""Samples to look at: each with its mask, and the training image nearest to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Sample
from medsynth.data.load import load_sample
from medsynth.store.manifest import ManifestRow
from medsynth.store.samples import SampleStore
from medsynth.workflows.masks.sheet import painted
from medsynth.workflows.report.found import Found

IN_GRID = 18
LOOKED_AT = 200
"""The grid is chosen among so many samples."""


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture of a card: pixels, the words below it, and what it shows."""

    pixels: NDArray[np.uint8]
    caption: str
    alt: str


@dataclass(frozen=True, eq=False)
class Card:
    """Pictures that belong together.

    classes: ids of the classes that the mask shows, for the filter.
    figure: a number with its meaning, where there is one.
    """

    title: str
    classes: tuple[int, ...]
    pictures: tuple[Picture, ...]
    figure: str = ""


class Album:
    """Draws cards of a run's samples.

    Args:
        found: the run.
        wanted: ids of samples that shall be found, beside the first of the store.
    """

    def __init__(self, found: Found, wanted: Iterable[str]) -> None:
        self._index = found.index
        self._items = {item.id: item for item in found.index.items if item.split == "train"}
        self._names = found.class_names
        self._store = SampleStore(found.run.samples)
        accepted = (row for row in self._store.rows() if row.status == "accepted")
        first = list(islice(accepted, LOOKED_AT))
        self._first = [row.id for row in first]
        ids = set(wanted)
        self._rows: dict[str, ManifestRow] = {row.id: row for row in first}
        self._rows |= {row.id: row for row in accepted if row.id in ids}

    def grid(self, nearest: Mapping[str, str]) -> list[Card]:
        """Return a choice of the samples, all classes alike, beside their nearest real images.

        Args:
            nearest: sample id -> id of a training image; what is not there is not shown.
        """
        classes = {key: self._classes(self._read(key)) for key in self._first}
        chosen = in_turn(classes, IN_GRID)
        return [card for key in chosen if (card := self.card(key, nearest.get(key)))]

    def card(self, sample_id: str, train_id: str | None, figure: str = "") -> Card | None:
        """Return mask, synthetic image and a training image; None where the sample is gone."""
        if sample_id not in self._rows:
            return None
        sample = self._read(sample_id)
        classes = self._classes(sample)
        shows = ", ".join(self._names.get(each, str(each)) for each in classes) or "no object"
        pictures = [
            Picture(painted(sample.mask), "mask", f"Mask asked for in {sample_id}: {shows}"),
            Picture(sample.image, "synthetic", f"Synthetic image {sample_id} made for this mask"),
        ]
        if train_id is not None and train_id in self._items:
            real = load_sample(self._index, self._items[train_id])
            alt = f"Real training image {train_id}, the nearest to {sample_id}"
            part = part_in_mask(train_id, self._rows[sample_id].lineage.sources)
            pictures.append(Picture(real.image, f"nearest real{part}", alt))
        return Card(f"{sample_id}: {shows}", classes, tuple(pictures), figure)

    def _read(self, sample_id: str) -> Sample:
        return self._store.read(self._rows[sample_id])

    @staticmethod
    def _classes(sample: Sample) -> tuple[int, ...]:
        return tuple(int(each) for each in np.unique(sample.mask.labels) if each)


def part_in_mask(train_id: str, sources: Sequence[str]) -> str:
    """Return what a real pair gave to a mask, for a caption.

    >>> part_in_mask("a", ("a", "b")), part_in_mask("b", ("a", "b")), part_in_mask("c", ("a",))
    (', source of the mask', ', gave objects to the mask', '')
    """
    if train_id not in sources:
        return ""
    return ", source of the mask" if train_id == sources[0] else ", gave objects to the mask"


def in_turn(classes: Mapping[str, Sequence[int]], count: int) -> list[str]:
    """Return up to `count` keys, one of each class in turn, in their first order.

    >>> in_turn({"a": (1,), "b": (1,), "c": (1, 2), "d": ()}, 3)
    ['a', 'c', 'd']
    """
    kinds = sorted(
        {each for own in classes.values() for each in (own or (0,))}, key=lambda k: k or 999
    )
    queues = {k: [key for key, own in classes.items() if k in (own or (0,))] for k in kinds}
    chosen: set[str] = set()
    while len(chosen) < min(count, len(classes)):
        for k in kinds:
            left = [key for key in queues[k] if key not in chosen]
            if left and len(chosen) < count:
                chosen.add(left[0])
    return [key for key in classes if key in chosen]
