"""`medsynth show`: what a run holds, how far it is, what to do next."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medsynth.cli.console import out, print_json, progress
from medsynth.cli.next_step import done
from medsynth.cli.options import JsonOption, RunArgument, RunOption, named_once
from medsynth.core.errors import UsageError
from medsynth.core.words import counted

if TYPE_CHECKING:
    from medsynth.workflows.show import RunSummary

VERDICTS = "medsynth evaluate, medsynth prove"
MOST = 300
"""Samples on the sheets, where nobody says how many."""


def register(app: typer.Typer) -> None:
    """Add the verb to the program."""
    app.command("show", help="What a run holds, how far it is, what to do next.")(show)


def show(
    argument: RunArgument = None,
    *,
    run: RunOption = None,
    sheet: Annotated[
        bool, typer.Option("--sheet", help="Write contact sheets of the samples, worst first.")
    ] = False,
    worst: Annotated[
        int | None,
        typer.Option(metavar="N", help=f"Samples on the sheets at most, 60 a page; else {MOST}."),
    ] = None,
    to: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Where to; RUN/samples/sheets by default."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Parse, look, show."""
    from medsynth.workflows.show import show as summarise

    run = named_once(argument, run)
    if sheet:
        show_sheets(run, to, MOST if worst is None else worst, as_json)
        return
    for name, given in (("--out", to), ("--worst", worst)):
        if given is not None:
            raise UsageError(f"{name} goes with --sheet.", f"medsynth show --sheet {name} ...")
    found = summarise(run)
    if as_json:
        print_json(found)
        return
    for key, value in lines_of(found).items():
        out.print(f"{key:<9}{value}", markup=False)  # no table: it would cut long paths


def lines_of(found: RunSummary) -> dict[str, str]:
    """Return what a run holds, how far it is and what comes next, by the words before each."""
    pairs = ", ".join(f"{n} {split}" for split, n in found.pairs.items())
    early = {
        name: " (ended early)"
        for name, n in found.planned.items()
        if name in found.ended and found.progress[name] < n
    }
    steps = ", ".join(
        f"{name} {found.progress[name]} of {n}{early.get(name, '')}"
        for name, n in found.planned.items()
    )
    verdicts = "medsynth evaluate --real DATA" if found.masks else VERDICTS
    given_up = f" ({found.given_up} given up)" if found.given_up else ""
    return {
        "run": str(found.run),
        "data": f"none here: the run was given away with {counted(found.masks, 'mask')}"
        if found.masks
        else f"{found.data} ({pairs})",
        "classes": ", ".join(found.classes),
        "model": found.model,
        "fit": steps,
        "log": ", ".join(f"{k} {v}" for k, v in found.last_log.items()) or "empty",
        "samples": f"{found.samples}{given_up}",
        **({"shards": found.shards} if found.shards else {}),
        "exports": exports_of(found),
        "report": str(found.report or f"none yet: {verdicts}"),
        "next": found.next or done(found.masks),
    }


def exports_of(found: RunSummary) -> str:
    """Return the exports, those first that hold the samples of now."""
    now = [name for name in found.exports if name not in found.stale]
    if not found.stale:
        return ", ".join(now) or "none"
    old = ", ".join(f"{name} (of {of})" for name, of in found.stale.items())
    return f"{', '.join(now) or 'none of these samples'}; of earlier samples: {old}"


def show_sheets(run: Path | None, to: Path | None, worst: int, as_json: bool) -> None:
    """Write the sheets; say where they are and what to do with them."""
    from medsynth.workflows.sample_sheet import LIST, make_sheets

    with progress("sheets") as report:
        made = make_sheets(run, to, worst, report)
    if as_json:
        print_json(made)
        return
    order = "worst first" if made.judged else "in order of id, for no gate has judged them"
    out.print(
        f"{made.out} holds {made.samples} of {counted(made.of, 'sample')} on "
        f"{counted(made.pages, 'page')}, {order}.",
        markup=False,
    )
    out.print(
        f"next: copy the ids to throw out from {made.out / LIST} into a file, then "
        "medsynth export --format coco --set export.reject=FILE",
        markup=False,
    )
