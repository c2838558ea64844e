"""Hugging Face imagefolder: `<split>/metadata.jsonl` beside `images/` and `masks/`.

`datasets` makes a column of every key that ends in `file_name`: `image`, `mask`, and
`instances`. It reads this back in the tests.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, ClassVar

from medsynth.core.options import Options
from medsynth.core.types import Sample
from medsynth.exporters.classes_json import write_classes
from medsynth.exporters.exporter import ExportResult, ExportSet, Report, Row
from medsynth.exporters.files import Files, write_files
from medsynth.exporters.pictures import all_pictures, filled_instances
from medsynth.io.images import encode_png

COLUMN_OF = {"images": "file_name", "masks": "mask_file_name", "instances": "instances_file_name"}


class HuggingFace:
    """Writes image folders with metadata, and classes.json."""

    summary: ClassVar[str] = "Hugging Face imagefolder, with metadata.jsonl a split"
    options: ClassVar[type[Options]] = Options

    def check(self, export_set: ExportSet, options: Options) -> list[str]:
        """Say what the reader does not see."""
        return [
            *filled_instances(export_set),
            "`datasets` 5 makes columns of image and mask; old releases know the image alone. "
            "Class names are in classes.json.",
        ]

    def write(
        self,
        export_set: ExportSet,
        out: Path,
        options: Options,
        report: Report,
    ) -> ExportResult:
        """Write pictures and metadata sample by sample, then the classes."""
        with ExitStack() as stack:
            lists = {}
            for split in export_set.splits():
                (out / split).mkdir()
                path = out / split / "metadata.jsonl"
                lists[split] = stack.enter_context(path.open("w", encoding="utf-8", newline="\n"))

            def listed() -> Iterator[Files]:
                converted = export_set.converted(converter(export_set))
                for row, files in zip(export_set.rows, converted, strict=True):
                    line = json.dumps(to_line(row, files), ensure_ascii=False)
                    lists[row.split].write(line + "\n")
                    yield files

            write_files(export_set, listed(), out, report)
        write_classes(out, export_set.classes)
        return ExportResult(export_set.counts())

    def how_to_load(self, export_set: ExportSet, out: Path) -> str:
        """Return the line for `datasets`."""
        load = f'load_dataset("imagefolder", data_dir="{out.as_posix()}")'
        return f"from datasets import load_dataset; data = {load}  # pip install datasets"


def converter(export_set: ExportSet) -> Callable[[Sample], Files]:
    """Return what gives the pictures of one sample of the set, as files."""

    def convert(sample: Sample) -> Files:
        pictures = all_pictures(sample, numbered=export_set.has_instances)
        return {
            f"{sample.split}/{kind}/{sample.id}.png": encode_png(array)
            for kind, array in pictures.items()
        }

    return convert


def to_line(row: Row, files: Files) -> dict[str, Any]:
    """Return the line of one sample in metadata.jsonl; sources are joined by ";"."""
    kinds = [path.split("/")[1] for path in files]
    return {
        **{COLUMN_OF[kind]: f"{kind}/{row.id}.png" for kind in kinds},
        "id": row.id,
        "origin": row.origin,
        "group": row.group,
        "sources": ";".join(row.sources),
    }
