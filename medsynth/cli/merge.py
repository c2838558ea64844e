"""`medsynth merge`: the shards of a run become its samples."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from medsynth.cli.console import out, print_json, progress
from medsynth.cli.next_step import print_next
from medsynth.cli.options import JsonOption, RunOption
from medsynth.core.words import counted


def register(app: typer.Typer) -> None:
    """Add the verb to the program."""
    app.command("merge", help="Take the samples of shards over into their run.")(merge)


def merge(
    shards: Annotated[
        list[Path] | None,
        typer.Argument(metavar="[SHARD]...", help="Their folders; default: all of the run's."),
    ] = None,
    *,
    run: RunOption = None,
    as_json: JsonOption = False,
) -> None:
    """Parse, merge, show."""
    from medsynth.workflows.shards.merge import merge as merge_run

    with progress("merge") as report:
        result = merge_run(run, shards or (), report)
    if as_json:
        print_json(result)
        return
    given_up = f", {result.given_up} given up" if result.given_up else ""
    samples = f"{result.run / 'samples'} holds {counted(result.accepted, 'sample')}"
    out.print(f"{samples} ({result.added:,} from the shards{given_up}).", markup=False)
    if result.accepted < result.wanted:
        out.print(f"The plan's reserve did not suffice for {result.wanted}.", markup=False)
        out.print(f"Next: medsynth augment --n {result.wanted} --run {result.run}", markup=False)
    else:
        print_next(result.run)
