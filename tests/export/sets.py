"""Small export sets that hold every hard case."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from medsynth.core.types import LabelClass, Mask, Sample
from medsynth.exporters.export_set import ExportSet, Row

HW = (24, 37)
TWO = (LabelClass(0, "background"), LabelClass(1, "polyp"), LabelClass(2, "Gerät"))
ONE = TWO[:2]


def hard_masks(hw=HW):
    """Masks with nothing, everything, one pixel, a hole, several parts, touching corners."""
    rng = np.random.default_rng(0)

    def empty():
        return np.zeros(hw, np.uint8)

    one_pixel, hole, two_parts, corners, classes = (empty() for _ in range(5))
    one_pixel[-1, -1] = 1
    hole[2:20, 3:30], hole[5:9, 6:12], hole[6, 8], hole[12, 20] = 1, 0, 1, 0
    two_parts[1:4, 1:4], two_parts[10:20, 20:36] = 1, 1
    corners[4, 4] = corners[5, 5] = corners[6, 4] = corners[0, 0] = 1
    classes[3:12, 3:12], classes[8:20, 8:30] = 1, 2
    noise = (rng.random(hw) < 0.4).astype(np.uint8)
    return [empty(), empty() + np.uint8(1), one_pixel, hole, two_parts, corners, classes, noise]


def with_instances(labels, rng):
    """Split what is labelled into instances at random columns; each keeps to one class."""
    numbered = labels.astype(np.uint16) * 8 + (np.arange(labels.shape[1]) // 9).astype(np.uint16)
    numbered[labels == 0] = 0
    _, ids = np.unique(numbered, return_inverse=True)
    ids = ids.reshape(labels.shape).astype(np.uint16)
    return ids if (labels == 0).any() else ids + np.uint16(1)


def make_set(*, channels=3, classes=TWO, instances=False, name="polyps-1", hw=HW, reals=6):
    """An export set in memory: real pairs in all splits, then synthetic ones in train."""
    rng = np.random.default_rng(1)
    samples, rows = {}, []

    def add(row, labels):
        labels = np.where(labels < len(classes), labels, 1).astype(np.uint8)
        samples[row.id] = Sample(
            id=row.id,
            image=rng.integers(0, 256, (*hw, channels), dtype=np.uint8),
            mask=Mask(labels, with_instances(labels, rng) if instances else None),
            split=row.split,
            origin=row.origin,
            group=row.group,
            lineage={"sources": list(row.sources)} if row.sources else {},
        )
        rows.append(row)

    masks = hard_masks(hw)
    for index in range(reals):
        split = ("train", "train", "val", "test")[index % 4]
        row = Row(f"real-{index}", split, "real", f"patient-{index}", content=f"r{index}")
        add(row, masks[-1 - index % len(masks)])
    train = [row for row in rows if row.split == "train"]
    for index, labels in enumerate(masks):
        source = train[index % len(train)]
        add(
            Row(f"syn-{index:05d}", "train", "synthetic", source.group, (source.id,), f"s{index}"),
            labels,
        )
    rows.sort(key=lambda row: (("train", "val", "test").index(row.split), row.origin, row.id))
    return ExportSet(
        name=name,
        classes=classes,
        channels=channels,
        has_instances=instances,
        rows=tuple(rows),
        load=lambda row: samples[row.id],
        hw=hw,
        real=tuple(row for row in rows if row.origin == "real"),
        about={"run": name, "recipe": "0" * 64},
    )


def with_rows(export_set, *rows):
    """The set with rows put in place of those with the same id, or added."""
    new = {row.id: row for row in rows}
    kept = [new.pop(row.id, row) for row in export_set.rows]
    return replace(export_set, rows=(*kept, *new.values()))


def quiet(done, total, text):
    """Progress that nobody sees."""
