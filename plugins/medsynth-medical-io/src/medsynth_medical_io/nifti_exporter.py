"""The export format `nifti`: slices put back into volumes.

`<split>/images/<name>.nii.gz` with `<split>/labels/<name>.nii.gz` (and `instances/`), named by
the hidden name of the source volume; `stacks.csv` says which slice is which sample.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import nibabel as nib
from numpy.typing import NDArray
from pydantic import Field

from medsynth.core.options import Options
from medsynth.core.types import Sample
from medsynth.core.words import counted
from medsynth.exporters.exporter import ExportResult, ExportSet, Report, Row
from medsynth_medical_io.places import Place, place_of
from medsynth_medical_io.stacking import Stack, at_place, stack_slices

COLUMNS = ("file", "slice", "id", "split", "origin", "group")


class NiftiExportOptions(Options):
    """Options of the format nifti."""

    slices_a_stack: int = Field(default=256, ge=1)
    """Samples that belong to no volume (synthetic ones) are stacked so many a file."""
    gzip_level: int = Field(default=4, ge=0, le=9)
    """Compression, 0 (none) to 9 (smallest)."""


class Nifti:
    """Writes NIfTI-1 volumes."""

    summary: ClassVar[str] = "NIfTI volumes: slices stacked again, where their volume lies"
    options: ClassVar[type[Options]] = NiftiExportOptions

    def check(self, export_set: ExportSet, options: NiftiExportOptions) -> list[str]:  # noqa: ARG002
        """Say what has no place in space, and which slices stay empty."""
        loose = sum(place_of(row.attributes) is None for row in export_set.rows)
        known = [place for row in export_set.rows if (place := place_of(row.attributes))]
        empty = sum({place.volume: place.slices for place in known}.values()) - len(known)
        notes = []
        if loose:
            notes.append(
                f"Of no volume: {counted(loose, 'sample')}, stacked in order, at 1 mm spacing."
            )
        if empty:
            notes.append(f"Not in this export, and 0: {counted(empty, 'slice')} of the volumes.")
        return notes

    def write(
        self, export_set: ExportSet, out: Path, options: NiftiExportOptions, report: Report
    ) -> ExportResult:
        """Write a volume at a time; memory holds one."""
        names = {str(item.id): item.name for item in export_set.classes}
        (out / "classes.json").write_text(json.dumps(names, ensure_ascii=False, indent=1) + "\n")
        done = 0
        with (out / "stacks.csv").open("w", newline="", encoding="utf-8") as file:
            table = csv.writer(file, lineterminator="\n")
            table.writerow(COLUMNS)
            for name, numbered, stack in stacks(export_set, options.slices_a_stack):
                split = numbered[0][1].split
                for kind, voxels in (
                    ("images", stack.image),
                    ("labels", stack.labels),
                    ("instances", stack.instances),
                ):
                    if voxels is not None:
                        path = out / split / kind / f"{name}.nii.gz"
                        path.parent.mkdir(parents=True, exist_ok=True)
                        path.write_bytes(to_nifti(voxels, stack, options.gzip_level))
                for number, row in numbered:
                    table.writerow((name, number, row.id, row.split, row.origin, row.group))
                done += len(numbered)
                report(done, len(export_set), name)
        return ExportResult(export_set.counts())

    def how_to_load(self, export_set: ExportSet, out: Path) -> str:
        """Return the line for nibabel."""
        split = (export_set.splits() or ("train",))[0]
        path = (out / split / "labels").as_posix()
        return f'import nibabel, glob; volumes = map(nibabel.load, glob.glob("{path}/*.nii.gz"))'


Numbered = list[tuple[int, Row]]


def stacks(export_set: ExportSet, most: int) -> Iterator[tuple[str, Numbered, Stack]]:
    """Yield name, samples by slice number, and arrays: volumes first, then loose samples."""
    volumes: dict[tuple[str, str], list[tuple[Place, Row]]] = defaultdict(list)
    loose: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in export_set.rows:
        place = place_of(row.attributes)
        if place is None:
            loose[row.split, row.origin].append(row)
        else:
            volumes[row.split, place.volume].append((place, row))
    for (_, name), placed in volumes.items():
        samples = list(_loaded(export_set, [row for _, row in placed]))
        numbers = [place.number for place, _ in placed]
        stack = stack_slices(zip(numbers, samples, strict=True), placed[0][0].slices)
        rows = [row for _, row in placed]
        numbered = sorted(zip(numbers, rows, strict=True), key=lambda each: each[0])
        yield name, numbered, at_place(stack, placed[0][0], samples[0].geometry)
    for (_, origin), rows in loose.items():
        for number, (some, samples) in enumerate(_alike(export_set, rows, most), start=1):
            stack = stack_slices(enumerate(samples), len(samples))
            yield f"{origin}-{number:04d}", list(enumerate(some)), stack


def _alike(
    export_set: ExportSet, rows: list[Row], most: int
) -> Iterator[tuple[list[Row], list[Sample]]]:
    """Yield loose rows with their samples, `most` at a time and of one size."""
    held: list[Row] = []
    samples: list[Sample] = []
    for row, sample in zip(rows, _loaded(export_set, rows), strict=True):
        if samples and (len(samples) == most or samples[0].mask.hw != sample.mask.hw):
            yield held, samples
            held, samples = [], []
        held.append(row)
        samples.append(sample)
    yield held, samples


def _loaded(export_set: ExportSet, rows: list[Row]) -> Iterator[Sample]:
    return replace(export_set, rows=tuple(rows)).samples()


def to_nifti(voxels: NDArray[Any], stack: Stack, gzip_level: int) -> bytes:
    """Return a zipped NIfTI-1 file, the same bytes for the same voxels."""
    image: Any = nib.Nifti1Image(voxels, stack.affine)
    image.header.set_xyzt_units("mm")
    return gzip.compress(image.to_bytes(), gzip_level, mtime=0)
