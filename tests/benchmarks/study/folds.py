"""The folds of a set: as its split.csv says, and turned round."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from spec import Sets, SetSpec

from medsynth.core.types import SPLITS
from medsynth.io.atomic import write_text


def fold_options(spec: SetSpec, data: Path, work: Path) -> dict[str, Sets]:
    """Return fold -> options of the section `data`; the second fold's split file goes to `work`."""
    folds = {"a": dict(spec.options)}
    if spec.folds == "two":
        path = work / "split-b.csv"
        if not path.exists():
            write_split(path, turned_round(data / spec.data, spec.options["data.train_where"]))
        folds["b"] = {"data.split_file": str(path.resolve())}
    return folds


def turned_round(folder: Path, train_where: dict[str, str]) -> list[tuple[str, str]]:
    """Return (stem, split): learn from the first fold's test, be tested on its train groups.

    As many pairs are learned from as in the first fold, spread evenly over the frames in order;
    all frames of its train groups are tested on, also those it did not learn from. val stays.
    """
    rows = list(csv.DictReader((folder / "split.csv").read_text("utf-8").splitlines()))
    by_split = {split: [r["stem"] for r in rows if r["split"] == split] for split in SPLITS}
    count = sum(
        row["split"] == "train" and all(row[k] == v for k, v in train_where.items()) for row in rows
    )
    learned = spread(by_split["test"], count)
    return [
        *((stem, "train") for stem in learned),
        *((stem, "val") for stem in by_split["val"]),
        *((stem, "test") for stem in by_split["train"]),
    ]


def spread(items: Sequence[str], count: int) -> list[str]:
    """Return `count` of the items, evenly spaced.

    >>> spread("abcdef", 3)
    ['a', 'c', 'e']
    """
    return [items[k] for k in np.arange(count) * len(items) // count]


def write_split(path: Path, rows: Sequence[tuple[str, str]]) -> None:
    """Write stem and split as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    write_text(path, "".join(f"{stem},{split}\n" for stem, split in [("stem", "split"), *rows]))
