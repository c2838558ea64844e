"""`medsynth export`: a run's pairs in a format that other tools read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from medsynth.cli.console import out, print_json, progress
from medsynth.cli.options import JsonOption, RunOption

if TYPE_CHECKING:
    from medsynth.exporters.exporter import ExportResult


def register(app: typer.Typer) -> None:
    """Add the verb to the program."""
    app.command(
        "export", help="Write real and synthetic pairs for COCO, nnU-Net, YOLO, MONAI, ..."
    )(export)


def export(
    *,
    format_name: Annotated[
        str,
        typer.Option(
            "--format", "-f", metavar="F", help="coco, nnunet, ...; `medsynth plugins` has all."
        ),
    ],
    run: RunOption = None,
    to: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where to; RUN/exports/F by default."),
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace another export that is there.")
    ] = False,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="K=V", help="An option, e.g. export.segmentation=polygon."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Parse, export, show."""
    from medsynth.workflows.export.export import ExportConfig, export_run

    config = ExportConfig(format_name, run, to, overwrite, tuple(sets or ()))
    with progress("export") as report:
        result = export_run(config, report)
    if as_json:
        print_json(result)
    else:
        show(result)


def show(result: ExportResult) -> None:
    """Print what was written and where, what to know of it, and how to load it."""
    table = Table("split", "real", "synthetic")
    for split, origins in result.counts.items():
        table.add_row(split, *(str(origins.get(name, 0)) for name in ("real", "synthetic")))
    out.print(table)
    done = "already up to date" if result.up_to_date else "written"
    out.print(f"{result.format}: {done}, {result.out}", markup=False)
    for note in result.notes:
        out.print(f"note: {note}", markup=False)
    out.print(f"next: {result.how_to_load}", markup=False)
