"""medsynth doctor DATA: what is in the folder, what is wrong, what a fit would take."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from medsynth.cli.console import out, print_json, progress
from medsynth.cli.options import JsonOption
from medsynth.core.errors import EXIT_INPUT
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
        str | None, typer.Option(metavar="R", help="Recipe to look with; auto by default.")
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
    from medsynth.workflows.choice import chosen
    from medsynth.workflows.doctor import diagnose
    from medsynth.workflows.fit.config import FitConfig
    from medsynth.workflows.recipe import load_recipe

    config, reasons = chosen(FitConfig(data, recipe, sets=tuple(sets or ())))
    would = load_recipe(config.recipe, config.sets)
    asked: dict[str, Any] = {}
    if not quick:
        from medsynth.workflows.prospects import codec_problems, fit_prospect

        asked["codec_check"] = partial(codec_problems, would)
        asked["fit_estimate"] = partial(fit_prospect, would)
    with progress("doctor") as report:
        found = diagnose(
            data, would.data, would.seed, sheet=contact_sheet, progress=report, **asked
        )
    if as_json:
        print_json(found)
    else:
        again = [str(data), *(["--recipe", recipe] if recipe else [])]
        show(found, reasons, [*again, *(part for each in sets or () for part in ("--set", each))])
    if found.count("error"):
        raise typer.Exit(EXIT_INPUT)


def show(report: Report, reasons: Sequence[str], arguments: Sequence[str]) -> None:
    """Print a report for people.

    Args:
        report: what was found.
        reasons: for what a fit would take.
        arguments: DATA and options, as they were given.
    """
    for line in summary(report):
        out.print(line, markup=False)
    for reason in reasons if report.fit is not None else ():
        out.print(f"auto: {reason}", markup=False)
    if report.problems:
        out.print(problem_table(report.problems))
    kinds = [counted(report.count(s), s) for s in STYLES]
    out.print(", ".join(kinds) + ".", markup=False)
    if report.contact_sheet is not None:
        out.print(sheet_line(report), markup=False)
    for line in next_steps(report, arguments):
        out.print(line, markup=False)


def summary(report: Report) -> list[str]:
    """Return what the data is, as lines; of no pair there is nothing to tell."""
    lines = [
        f"{report.root}: {counted(report.pairs, 'usable pair')} of {report.found:,} "
        f"({report.reader})"
    ]
    if not report.pairs:
        return lines
    height, width = report.size_hw
    splits = ", ".join(f"{n} {name}" for name, n in report.splits.items())
    groups = counted(report.groups, "group") if report.groups is not None else "no groups known"
    kind = "instances" if report.has_instances else report.mask_meaning
    lines += [
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
        lines.append(f"a fit would take: {fit_words(report.fit)}")
    return lines


FIT_WORDS = {
    "device": "device {}",
    "steps": "{:,} steps",
    "minutes": "about {:.1f} minutes",
    "memory_gib": "{:.1f} GiB of memory",
    "disk_gib": "{:.2f} GiB of disk",
}


def fit_words(fit: Mapping[str, Any]) -> str:
    """Return what a fit would take as `fit --dry-run` says it.

    >>> fit_words({"device": "cpu", "steps": 830, "minutes": 19.0, "disk_gib": 0.35})
    'device cpu, 830 steps, about 19.0 minutes, 0.35 GiB of disk'
    """
    return ", ".join(FIT_WORDS.get(key, f"{key} {{}}").format(value) for key, value in fit.items())


def sheet_line(report: Report) -> str:
    """Return where the contact sheet is, and which pairs it shows."""
    shown, pairs = len(report.sheet_pairs), counted(report.pairs, "pair")
    which = f"{shown} of {pairs}, spread over train, val and test"
    if shown == report.pairs:
        which = f"the {pairs}"
    named = "each with its name and split below"
    return f"Contact sheet: {report.contact_sheet} shows {which}, {named}."


def next_steps(report: Report, arguments: Sequence[str]) -> list[str]:
    """Return what to do now: what to mend first, or the fit."""
    errors = [found for found in report.problems if found.severity == "error"]
    if not errors:
        return [f"Next: {shlex.join(['medsynth', 'fit', *arguments])}"]
    return [
        f"Next: mend the errors, first that {errors[0].what} [{errors[0].code}]; then look again: "
        + shlex.join(["medsynth", "doctor", *arguments])
    ]


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
