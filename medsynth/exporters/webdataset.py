"""WebDataset: `<split>-000000.tar`, ... with `<id>.png`, `<id>.mask.png`, `<id>.json`.

A key is a name up to its first dot, and all samples have the same members (the loader of
Hugging Face asks for that). Source: webdataset and `datasets`, which read it in the tests.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

import numpy as np
from pydantic import Field

from medsynth.core.options import Options
from medsynth.core.types import Sample
from medsynth.exporters.classes_json import write_classes
from medsynth.exporters.exporter import ExportResult, ExportSet, Report, Row
from medsynth.exporters.files import Files
from medsynth.exporters.names import WITHOUT_DOTS, NameRule
from medsynth.exporters.tar_shards import tar_shards
from medsynth.io.images import encode_png


class WebDatasetOptions(Options):
    """Options of the format webdataset."""

    shard_samples: int = Field(default=1000, ge=1)
    """webdataset: at most so many samples a shard."""


class WebDataset:
    """Writes tar shards for streaming, and classes.json."""

    summary: ClassVar[str] = "WebDataset: tar shards to stream, with image, mask and JSON"
    options: ClassVar[type[Options]] = WebDatasetOptions
    name_rule: ClassVar[NameRule] = WITHOUT_DOTS

    def check(self, export_set: ExportSet, options: WebDatasetOptions) -> list[str]:
        """Say how samples without instances are written among others."""
        if export_set.has_instances:
            return ["`instances.png` is 0 throughout for masks that hold no instances."]
        return []

    def write(
        self, export_set: ExportSet, out: Path, options: WebDatasetOptions, report: Report
    ) -> ExportResult:
        """Write shards sample by sample, then the classes."""
        done = 0

        def convert(sample: Sample) -> Files:
            return to_pictures(sample, numbered=export_set.has_instances)

        for split in export_set.splits():
            rows = (row for row in export_set.rows if row.split == split)
            with tar_shards(out / split, options.shard_samples) as shards:
                converted = export_set.converted(convert, split)
                for row, pictures in zip(rows, converted, strict=True):
                    shards.add({**pictures, f"{row.id}.json": to_json(row)})
                    done += 1
                    report(done, len(export_set), row.id)
        write_classes(out, export_set.classes)
        return ExportResult(export_set.counts())

    def how_to_load(self, export_set: ExportSet, out: Path) -> str:
        """Return the line for webdataset."""
        split = (export_set.splits() or ("train",))[0]
        return (
            f'import webdataset; data = webdataset.WebDataset("{out.as_posix()}/{split}-000000.tar"'
            ", shardshuffle=False)  # members png, mask.png, json; pip install webdataset"
        )


def to_pictures(sample: Sample, *, numbered: bool) -> Files:
    """Return image and mask of one sample, and its instances if the set is `numbered`."""
    found = {
        f"{sample.id}.png": encode_png(sample.image),
        f"{sample.id}.mask.png": encode_png(sample.mask.labels),
    }
    if numbered:
        instances = sample.mask.instances
        if instances is None:
            instances = np.zeros(sample.mask.hw, dtype=np.uint16)
        found[f"{sample.id}.instances.png"] = encode_png(instances)
    return found


def to_json(row: Row) -> bytes:
    """Return what the JSON of a sample holds."""
    value = {
        "id": row.id,
        "split": row.split,
        "origin": row.origin,
        "group": row.group,
        "sources": list(row.sources),
    }
    return json.dumps(value, ensure_ascii=False).encode()
