"""What is exported: a cheap list of rows, and their pixels one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import numpy as np

from medsynth.core.errors import InputError, listed
from medsynth.core.types import SPLITS, LabelClass, Origin, Sample, Split
from medsynth.data.trained_on import Trained
from medsynth.io.ordered import ordered_map

T = TypeVar("T")

Counts = dict[str, dict[str, int]]
"""split -> origin -> number of samples."""


@dataclass(frozen=True, slots=True)
class Row:
    """One sample as it is listed, without its pixels.

    id: safe as a file name, as in `Sample`.
    group: of a synthetic sample, the groups of its source masks joined by "+".
    sources: ids of the real pairs whose masks a synthetic sample was made from; empty for
        real samples and for masks that the user brought along.
    content: a hash of what stands behind the row, so that an unchanged export is known.
    image_sha256: of a real pair's image file; empty where not known.
    quality: least percentile of a synthetic sample's gates, see `store.verdicts`.
    classes: ids of the classes that its mask shows, where somebody asked for them.
    attributes: of a real pair what the index says of it: CSV columns, its place in a volume.
    spacing_mm: (down the rows, along the columns) of the source of a real pair, where known.
    """

    id: str
    split: Split
    origin: Origin
    group: str
    sources: tuple[str, ...] = ()
    content: str = ""
    image_sha256: str = ""
    quality: float | None = None
    classes: tuple[int, ...] | None = None
    attributes: Mapping[str, str] = field(default_factory=dict, compare=False)
    spacing_mm: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class ExportSet:
    """What is exported, in a fixed order; memory does not grow with the pixels.

    name: what to call the set in file names and titles.
    classes: all of them, the background (id 0) first.
    channels: 1 (grey) or 3 (RGB), for all images.
    has_instances: whether the data has instance ids; a sample's may still be None.
    rows: what is written, in this order.
    load: gives the pixels of a row; called once a row and pass, by `workers` threads.
    hw: (height, width) of all images, or None where sizes differ.
    real: every real pair behind the set, written or not; leakage is judged by these.
    trained_on: what the weights behind the synthetic rows have learned from, as far as known.
    about: JSON values for export.json: run, recipe hash, checkpoint hash. No absolute
        paths and no times, or the same input would not give the same bytes.
    facts: JSON values for the datasheet, under the same rule: recipe, model, acceptance, ...
    notes: sentences for the user about how the set was put together.
    workers: threads that load and convert; what is yielded and its order are the same.
    secret: gives the key of pseudonyms, where these are asked for; None: they cannot be had.
    """

    name: str
    classes: tuple[LabelClass, ...]
    channels: Literal[1, 3]
    has_instances: bool
    rows: tuple[Row, ...]
    load: Callable[[Row], Sample]
    hw: tuple[int, int] | None = None
    real: tuple[Row, ...] = ()
    trained_on: tuple[Trained, ...] = ()
    about: Mapping[str, Any] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    workers: int = 1
    secret: Callable[[], bytes] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Sample]:
        return self.samples()

    def samples(self, split: Split | None = None) -> Iterator[Sample]:
        """Yield the samples of one split, or all, in order; each is loaded when it is due.

        Raises:
            InputError: a sample is not what its row and the set say of it.
        """
        return self.converted(_itself, split)

    def converted(self, convert: Callable[[Sample], T], split: Split | None = None) -> Iterator[T]:
        """Yield what `convert` makes of the samples, as `samples` yields these.

        The place for work that takes its time, such as compressing: threads share it.
        `convert` must not change anything that another call sees.

        Raises:
            InputError: as `samples`.
        """
        rows = (row for row in self.rows if split is None or row.split == split)
        yield from ordered_map(
            lambda row: convert(self._checked(row, self.load(row))), rows, self.workers
        )

    def splits(self) -> tuple[Split, ...]:
        """Return the splits that have rows, in the order train, val, test."""
        present = {row.split for row in self.rows}
        return tuple(split for split in SPLITS if split in present)

    def counts(self) -> Counts:
        """Return split -> origin -> number of rows, without what has none."""
        counts: Counts = {}
        for split in self.splits():
            origins = [row.origin for row in self.rows if row.split == split]
            counts[split] = {name: origins.count(name) for name in sorted(set(origins))}
        return counts

    def _checked(self, row: Row, sample: Sample) -> Sample:
        problem = _problem(self, row, sample)
        if problem:
            raise InputError(
                f"sample {row.id} ({row.origin}, {row.split}) cannot be exported: {problem}.",
                "Its files changed since they were listed; fit or augment again.",
            )
        return sample


def _itself(sample: Sample) -> Sample:
    return sample


def _problem(export_set: ExportSet, row: Row, sample: Sample) -> str | None:
    """Return what of the sample contradicts its row or its set, or None."""
    image, labels, instances = sample.image, sample.mask.labels, sample.mask.instances
    if (sample.id, sample.split, sample.origin) != (row.id, row.split, row.origin):
        return f"loading it gave {sample.id} ({sample.origin}, {sample.split})"
    fits = image.shape == (*labels.shape, export_set.channels)
    if not fits or image.dtype != np.uint8 or labels.dtype != np.uint8:
        return (
            f"image {image.shape} {image.dtype} and mask {labels.shape} {labels.dtype} are not "
            f"uint8 arrays of one size with {export_set.channels} channel(s)"
        )
    if export_set.hw is not None and sample.mask.hw != export_set.hw:
        return f"its size is {sample.mask.hw}, that of the set {export_set.hw}"
    unknown = set(np.flatnonzero(np.bincount(labels.ravel())).tolist()) - {
        item.id for item in export_set.classes
    }
    if unknown:
        return f"its mask holds unknown class ids {listed(map(str, sorted(unknown)))}"
    if instances is not None and not np.array_equal(instances > 0, labels > 0):
        return "instance ids do not stand exactly where labels stand"
    return None
