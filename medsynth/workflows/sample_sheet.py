"""A run's samples on contact sheets, worst first, so that a person can throw some out.

::

    worst-001.png, worst-002.png, ...   pages: image beside mask outlines, the id below
    worst_first.txt                     the same order, one id a line, as export.reject reads it
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from medsynth.core.errors import UsageError
from medsynth.core.types import Sample
from medsynth.data.contact_sheet import overlay
from medsynth.io.atomic import write_text
from medsynth.io.grids import as_rgb, picture_grid
from medsynth.io.images import write_png
from medsynth.io.runs import find_run
from medsynth.store.manifest import ManifestRow
from medsynth.store.samples import SampleStore
from medsynth.store.verdicts import worst_verdict
from medsynth.workflows.masks.sheet import captioned, side_by_side

COLUMNS, ROWS = 6, 10
LIST = "worst_first.txt"
LINES = 2
WORST = "The worst samples first, by the least share of real images that a gate found worse."
BY_ID = "In order of id, for no gate has compared the samples with real images."
HEAD = """\
# {order}
# Copy what you throw out into a file of your own: medsynth export --set export.reject=FILE
"""
Report = Callable[[int, int, str], None]


@dataclass(frozen=True)
class SheetResult:
    """Where the sheets lie: `samples` of the run's `of` samples on so many `pages`."""

    out: Path
    pages: int
    samples: int
    of: int
    judged: int


class Ranked(NamedTuple):
    """A sample in the order of the sheets: (not judged, percentile), id; then what to say."""

    key: tuple[bool, float]
    id: str
    number: int
    gate: str

    @property
    def words(self) -> str:
        """The least percentile and its gate, in words."""
        return f"{self.key[1]:.2f} {self.gate}" if self.gate else "not judged"


def make_sheets(path: Path | None, out: Path | None, most: int, report: Report) -> SheetResult:
    """Write contact sheets of a run's worst samples; memory is that of one page.

    Args:
        path: the run; None is the latest.
        out: where to; None for samples/sheets in the run.
        most: so many samples at most, the worst.
        report: progress as (done, total, text).

    Raises:
        UsageError: no such run, no samples yet, or `most` is not positive.
        InputError: the manifest or a sample is damaged.
    """
    if most < 1:
        raise UsageError(f"--worst must be at least 1, not {most}.")
    run = find_run(path)
    store = SampleStore(run.samples)
    if not len(store):
        raise UsageError(
            f"{run.path} holds no samples yet.",
            f"Make some: medsynth augment --n 100 --run {run.path}",
        )
    folder = run.samples / "sheets" if out is None else out
    shown = worst_first(store.rows(), most)
    pages = [shown[k : k + COLUMNS * ROWS] for k in range(0, len(shown), COLUMNS * ROWS)]
    for number, page in enumerate(pages, start=1):
        tiles = [tile(store.read(store.row(each.number)), each.words) for each in page]
        rows = [tiles[k : k + COLUMNS] for k in range(0, len(tiles), COLUMNS)]
        write_png(folder / f"worst-{number:03d}.png", picture_grid(rows, gap_px=8))
        report(number, len(pages), "pages")
    judged = sum(bool(each.gate) for each in shown)
    head = HEAD.format(order=WORST if judged else BY_ID)
    write_text(folder / LIST, head + "".join(f"{each.id}  # {each.words}\n" for each in shown))
    for old in folder.glob("worst-*.png"):
        if old.stem[6:].isdigit() and int(old.stem[6:]) > len(pages):
            old.unlink()
    return SheetResult(folder, len(pages), len(shown), len(store), judged)


def worst_first(rows: Iterable[ManifestRow], most: int) -> list[Ranked]:
    """Return the worst accepted samples by `store.verdicts`; those not judged last, by id."""
    return heapq.nsmallest(most, _ranked(rows))


def _ranked(rows: Iterable[ManifestRow]) -> Iterable[Ranked]:
    for number, row in enumerate(rows):
        if row.status == "accepted":
            worst = worst_verdict(row.lineage.gates)
            key = (True, 0.0) if worst is None else (False, worst.percentile)
            yield Ranked(key, row.id, number, "" if worst is None else worst.gate)


def tile(sample: Sample, words: str) -> NDArray[np.uint8]:
    """Return (H, W, 3) uint8: the image, beside it the outlines of its mask, the id below."""
    pictures = side_by_side(as_rgb(sample.image).astype(np.uint8), overlay(sample))
    return captioned(pictures, f"{sample.id} {words}", LINES)
