"""medsynth doctor DATA: what is in the folder, what is wrong, what a fit would take."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from medsynth.cli.console import out, print_json, progress
from medsynth.cli.options import JsonOption
from medsynth.core.errors import EXIT_INPUT, listed
from medsynth.core.words import counted

if TYPE_CHECKING:
    from medsynth.data.problems import Problem
    from medsynth.workflows.doctor import Report

STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}


def register(app: typer.Typer) -> None:
    """Add the verb to the program."""
    app.command("doctor", help="What is in DATA, what is wrong, what a fit would take.")(doctor)


def doctor(
    data: Annotated[Path, typer.Argument(help="Folder with images and masks.")],
    *,
    recipe: Annotated[
        str | None, typer.Option(metavar="R", help="Recipe whose data options to use.")
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="K=V", help="An option, e.g. data.fit=letterbox."),
    ] = None,
    contact_sheet: Annotated[
        Path | None, typer.Option(metavar="PNG", help="Write images with outlined masks here.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Leave out the codec's check and the fit's estimate.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Parse, look, show; exit 3 if there are errors."""
    from medsynth.workflows.doctor import diagnose
    from medsynth.workflows.recipe import load_recipe

    chosen = load_recipe(recipe, list(sets or []))
    asked: dict[str, Any] = {}
    if not quick:
        from medsynth.workflows.prospects import codec_problems, fit_prospect

        asked["codec_check"] = partial(codec_problems, chosen)
        asked["fit_estimate"] = partial(fit_prospect, chosen)
    with progress("doctor") as report:
        found = diagnose(
            data, chosen.data, chosen.seed, sheet=contact_sheet, progress=report, **asked
        )
    if as_json:
        print_json(found)
    else:
        show(found)
    if found.count("error"):
        raise typer.Exit(EXIT_INPUT)


def show(report: Report) -> None:
    """Print a report for people."""
    for line in summary(report):
        out.print(line, markup=False)
    if report.problems:
        out.print(problem_table(report.problems))
    kinds = [counted(report.count(s), s) for s in STYLES]
    out.print(", ".join(kinds) + ".", markup=False)
    if report.contact_sheet is not None:
        out.print(f"Contact sheet: {report.contact_sheet}", markup=False)


def summary(report: Report) -> list[str]:
    """Return what the data is, as lines."""
    height, width = report.size_hw
    splits = ", ".join(f"{n} {name}" for name, n in report.splits.items())
    groups = counted(report.groups, "group") if report.groups is not None else "no groups known"
    kind = "instances" if report.has_instances else report.mask_meaning
    lines = [
        f"{report.root}: {counted(report.pairs, 'usable pair')} of {report.found:,} "
        f"({report.reader})",
        f"split: {splits}; {groups}",
        f"images: {'grey' if report.channels == 1 else 'colour'}, "
        f"seen by the model at {width}x{height} ({report.fit_mode}); masks: {kind}",
    ]
    lines += [
        f"class {c.id} {c.name}: in {counted(c.pairs, 'pair')}, "
        f"{100 * c.pixel_share:.2f} % of the pixels"
        for c in report.classes
    ]
    if report.fit is not None:
        lines.append("a fit would take: " + listed((f"{k} {v}" for k, v in report.fit.items()), 20))
    return lines


def problem_table(problems: tuple[Problem, ...]) -> Table:
    """Return the problems as a table: severity, count, sentence with examples and tip."""
    table = Table(show_edge=False, header_style="bold")
    table.add_column("")
    table.add_column("count", justify="right")
    table.add_column("what")
    for found in problems:
        said = Text(f"{found.what} [{found.code}]")
        if found.examples:
            more = found.count - len(found.examples)
            shown = ", ".join(found.examples) + (f" and {more} more" if more > 0 else "")
            said.append(f"\n{shown}", style="dim")
        if found.tip:
            said.append(f"\n{found.tip}", style="italic")
        table.add_row(Text(found.severity, style=STYLES[found.severity]), str(found.count), said)
    return table
