"""`medsynth show`: what a run holds, how far it is, what to do next."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from medsynth.cli.console import out, print_json


def register(app: typer.Typer) -> None:
    """Add the verb to the program."""
    app.command("show", help="What a run holds, how far it is, what to do next.")(show)


def show(
    run: Annotated[Path | None, typer.Argument(help="The run; default: the latest.")] = None,
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout.")] = False,
) -> None:
    """Parse, look, show."""
    from medsynth.workflows.show import show as summarise

    found = summarise(run)
    if as_json:
        print_json(found)
        return
    pairs = ", ".join(f"{n} {split}" for split, n in found.pairs.items())
    steps = ", ".join(f"{name} {found.progress[name]} of {n}" for name, n in found.planned.items())
    given_up = f" ({found.given_up} given up)" if found.given_up else ""
    for key, value in {
        "run": str(found.run),
        "data": f"{found.data} ({pairs})",
        "classes": ", ".join(found.classes),
        "model": found.model,
        "fit": steps,
        "log": ", ".join(f"{k} {v}" for k, v in found.last_log.items()) or "empty",
        "samples": f"{found.samples}{given_up}",
        "exports": ", ".join(found.exports) or "none",
        "report": str(found.report or "none yet: medsynth evaluate, medsynth prove"),
        "next": found.next,
    }.items():
        out.print(f"{key:<9}{value}", markup=False)  # no table: it would cut long paths
