"""The config that mmsegmentation reads: classes, colours, and a loader for each split."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from typing import Any

from medsynth.core.types import Split
from medsynth.exporters.citation import generator
from medsynth.exporters.export_set import ExportSet

NAME = "dataset.py"
GOLDEN = 0.618034
Colour = tuple[int, int, int]


class _Name(str):
    """What stands in the config as it is, without quotation marks."""

    __slots__ = ()

    def __repr__(self) -> str:
        return str(self)


def to_config(export_set: ExportSet) -> str:
    """Return the config; `{{ fileDirname }}` is its own folder, as mmengine fills in."""
    values: dict[str, Any] = {
        "dataset_type": "BaseSegDataset",
        "data_root": "{{ fileDirname }}",
        "metainfo": {
            "classes": tuple(item.name for item in export_set.classes),
            "palette": [list(colour) for colour in palette(len(export_set.classes))],
        },
        "train_pipeline": [
            {"type": "LoadImageFromFile"},
            {"type": "LoadAnnotations"},
            {"type": "PackSegInputs"},
        ],
        "test_pipeline": _Name("train_pipeline"),
    }
    for split in export_set.splits():
        values[f"{split}_dataloader"] = _loader(split)
        if split != "train":
            metric = {"type": "IoUMetric", "iou_metrics": ["mDice", "mIoU"]}
            values[f"{split}_evaluator"] = metric
    lines = [f"{key} = {_text(value)}\n" for key, value in values.items()]
    return "".join([f"# Written by {generator()}; for mmsegmentation 1.x.\n", *lines])


def palette(count: int) -> list[Colour]:
    """Return RGB colours: black for the background, then hues far from one another."""
    found = [(0, 0, 0)]
    for number in range(1, count):
        red, green, blue = colorsys.hsv_to_rgb(number * GOLDEN % 1, 0.85, 0.95)
        found.append((round(red * 255), round(green * 255), round(blue * 255)))
    return found


def _loader(split: Split) -> dict[str, Any]:
    train = split == "train"
    sampler = {"type": "InfiniteSampler" if train else "DefaultSampler", "shuffle": train}
    return {
        "batch_size": 4 if train else 1,
        "num_workers": 2,
        "persistent_workers": True,
        "sampler": sampler,
        "dataset": {
            "type": _Name("dataset_type"),
            "data_root": _Name("data_root"),
            "metainfo": _Name("metainfo"),
            "data_prefix": {"img_path": f"img_dir/{split}", "seg_map_path": f"ann_dir/{split}"},
            "img_suffix": ".png",
            "seg_map_suffix": ".png",
            "reduce_zero_label": False,
            "pipeline": _Name("train_pipeline" if train else "test_pipeline"),
        },
    }


def _text(value: Any, depth: int = 0) -> str:
    """Return a value as Python, a mapping with one key a line."""
    if not isinstance(value, Mapping):
        return repr(value)
    inner = "    " * (depth + 1)
    items = "".join(f"{inner}{key!r}: {_text(v, depth + 1)},\n" for key, v in value.items())
    return f"{{\n{items}{'    ' * depth}}}"
