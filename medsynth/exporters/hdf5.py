"""One HDF5 file: a chunk a sample, so that it reads well in any order.

::

    images     (N, H, W, C) uint8
    masks      (N, H, W) uint8, class ids, 0 = background
    instances  (N, H, W) uint16, only where the data has them; 0 = no instance
    ids, split, origin, group, sources   (N,) text

Attributes: format, format_version, name, classes (JSON), generator, license_note, citation.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import h5py
import numpy as np
from pydantic import Field

from medsynth.core.errors import InputError
from medsynth.core.options import Options
from medsynth.core.types import LabelClass, Sample
from medsynth.exporters.citation import LICENSE_NOTE, citations, generator
from medsynth.exporters.exporter import ExportResult, ExportSet, Report, Row
from medsynth.exporters.pictures import filled_instances
from medsynth.io.late_error import late_error

FORMAT = "medsynth-hdf5"
FORMAT_VERSION = 1


class Hdf5Options(Options):
    """Options of the format hdf5."""

    gzip_level: int = Field(default=4, ge=0, le=9)
    """hdf5: compression, 0 (none, fastest) to 9 (smallest)."""


class Hdf5:
    """Writes `<name>.h5`."""

    summary: ClassVar[str] = "one HDF5 file with images and masks, compressed, a chunk a sample"
    options: ClassVar[type[Options]] = Hdf5Options

    def check(self, export_set: ExportSet, options: Hdf5Options) -> list[str]:
        """Refuse images of several sizes, which one array cannot hold.

        Raises:
            InputError: sizes differ.
        """
        if export_set.hw is None:
            raise InputError(
                "the images differ in size, and an HDF5 array holds one size only.",
                "Use export.geometry=model, or another format.",
            )
        return filled_instances(export_set)

    def write(
        self, export_set: ExportSet, out: Path, options: Hdf5Options, report: Report
    ) -> ExportResult:
        """Write the file sample by sample; threads compress, one writes."""
        # Without times in it, the same samples give the same bytes.
        with (
            late_error(out / file_name(export_set)) as raw,
            h5py.File(raw, "w", track_order=False) as file,
        ):
            file.attrs.update(attributes(export_set))
            for name, texts in columns(export_set.rows).items():
                file.create_dataset(name, data=fixed_width(texts), track_times=False)
            arrays = _create_arrays(file, export_set, options)
            converted = export_set.converted(partial(to_chunks, level=options.gzip_level))
            for index, (row, chunks) in enumerate(zip(export_set.rows, converted, strict=True)):
                for name, chunk in chunks.items():
                    if name in arrays:
                        start = (index, *(0 for _ in arrays[name].shape[1:]))
                        arrays[name].id.write_direct_chunk(start, chunk)
                report(index + 1, len(export_set), row.id)
        return ExportResult(export_set.counts())

    def how_to_load(self, export_set: ExportSet, out: Path) -> str:
        """Return the line for the data set class."""
        path = (out / file_name(export_set)).as_posix()
        split = (export_set.splits() or ("train",))[0]
        load = f'Hdf5Dataset("{path}", split="{split}")'
        return f"from medsynth.data.torch_dataset import Hdf5Dataset; data = {load}"


def to_chunks(sample: Sample, level: int) -> dict[str, bytes]:
    """Return array name -> the bytes of its chunk, as HDF5's own filters make them.

    Threads do this side by side, which HDF5 does not let them; and what is written past its
    cache does not fill that.
    """
    pictures: dict[str, np.ndarray[Any, Any]] = {
        "images": sample.image,
        "masks": sample.mask.labels,
    }
    if sample.mask.instances is not None:
        pictures["instances"] = sample.mask.instances
    if not level:
        return {name: array.tobytes() for name, array in pictures.items()}
    return {name: zlib.compress(shuffled(array), level) for name, array in pictures.items()}


def shuffled(array: np.ndarray[Any, Any]) -> bytes:
    """Return the first bytes of all values, then the second ones: HDF5's filter `shuffle`."""
    values = np.ascontiguousarray(array)
    if values.itemsize == 1:
        return values.tobytes()
    return values.reshape(-1).view(np.uint8).reshape(-1, values.itemsize).T.tobytes()


def file_name(export_set: ExportSet) -> str:
    """Return the name of the file, for example "polyps-1.h5"."""
    return (re.sub(r"[^A-Za-z0-9_-]+", "-", export_set.name).strip("-") or "export") + ".h5"


def columns(rows: Sequence[Row]) -> dict[str, list[str]]:
    """Return name -> texts of all rows; sources are joined by ";"."""
    return {
        "ids": [row.id for row in rows],
        "split": [row.split for row in rows],
        "origin": [row.origin for row in rows],
        "group": [row.group for row in rows],
        "sources": [";".join(row.sources) for row in rows],
    }


def fixed_width(texts: Sequence[str]) -> np.ndarray[Any, Any]:
    """Return texts as an (N,) array of UTF-8 of one width, which reads fast and writes alike."""
    encoded = [text.encode() for text in texts]
    width = max([1, *map(len, encoded)])
    return np.array(encoded, dtype=h5py.string_dtype("utf-8", width))


def attributes(export_set: ExportSet) -> dict[str, Any]:
    """Return the attributes of the file."""
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "name": export_set.name,
        "classes": to_classes(export_set.classes),
        "generator": generator(),
        "license_note": LICENSE_NOTE,
        "citation": "\n".join(citations()),
    }


def to_classes(classes: Sequence[LabelClass]) -> str:
    """Return the classes as JSON: [{"id": 0, "name": "background"}, ...]."""
    return json.dumps([{"id": item.id, "name": item.name} for item in classes], ensure_ascii=False)


def _create_arrays(file: h5py.File, export_set: ExportSet, options: Hdf5Options) -> dict[str, Any]:
    assert export_set.hw is not None
    shapes: dict[str, tuple[tuple[int, ...], type]] = {
        "images": ((*export_set.hw, export_set.channels), np.uint8),
        "masks": (export_set.hw, np.uint8),
    }
    if export_set.has_instances:
        shapes["instances"] = (export_set.hw, np.uint16)
    compression = {"compression": "gzip", "compression_opts": options.gzip_level}
    return {
        name: file.create_dataset(
            name,
            shape=(len(export_set), *shape),
            dtype=dtype,
            chunks=(1, *shape),
            track_times=False,
            shuffle=dtype is np.uint16 and options.gzip_level > 0,
            **(compression if options.gzip_level else {}),
        )
        for name, (shape, dtype) in shapes.items()
    }
