"""WebDataset: `<split>-000000.tar`, ... with `<id>.png`, `<id>.mask.png`, `<id>.json`.

A key is a name up to its first dot, and all samples have the same members (the loader of
Hugging Face asks for that). Source: webdataset and `datasets`, which read it in the tests.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import ClassVar

from pydantic import Field

from medsynth.core.options import Options
from medsynth.core.types import Sample
from medsynth.exporters.classes_json import write_classes
from medsynth.exporters.exporter import ExportResult, ExportSet, Report, Row
from medsynth.exporters.files import Files
from medsynth.exporters.names import WITHOUT_DOTS, NameRule
from medsynth.exporters.pictures import all_pictures, filled_instances
from medsynth.exporters.tar_shards import tar_shards
from medsynth.io.images import encode_png

END_OF = {"images": ".png", "masks": ".mask.png", "instances": ".instances.png"}


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
        return filled_instances(export_set)

    def write(
        self, export_set: ExportSet, out: Path, options: WebDatasetOptions, report: Report
    ) -> ExportResult:
        """Write shards sample by sample, then the classes."""
        done = 0

        def convert(sample: Sample) -> Files:
            return to_members(sample, numbered=export_set.has_instances)

        for split in export_set.splits():
            rows = (row for row in export_set.rows if row.split == split)
            with tar_shards(out / split, options.shard_samples) as shards:
                converted = export_set.converted(convert, split)
                for row, members in zip(rows, converted, strict=True):
                    shards.add({**members, f"{row.id}.json": to_json(row)})
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


def to_members(sample: Sample, *, numbered: bool) -> Files:
    """Return image and mask of one sample, and its instances if the set is `numbered`."""
    pictures = all_pictures(sample, numbered=numbered)
    return {f"{sample.id}{END_OF[kind]}": encode_png(array) for kind, array in pictures.items()}


def to_json(row: Row) -> bytes:
    """Return what the JSON of a sample holds; of an empty list `datasets` makes a wrong type."""
    value = {
        "id": row.id,
        "split": row.split,
        "origin": row.origin,
        "group": row.group,
        "sources": ";".join(row.sources),
    }
    return json.dumps(value, ensure_ascii=False).encode()
