"""`medsynth perturb`: new masks alone, with a contact sheet."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medsynth.cli.console import out, print_json, progress
from medsynth.cli.options import JsonOption
from medsynth.core.words import counted

if TYPE_CHECKING:
    from medsynth.workflows.masks.perturb import PerturbResult


def register(app: typer.Typer) -> None:
    """Add the verb to the program."""
    app.command("perturb", help="Make new masks alone, with a contact sheet; needs no torch.")(
        perturb
    )


def perturb(
    data: Annotated[Path, typer.Argument(help="Folder with images and masks.")],
    *,
    n: Annotated[int, typer.Option("--n", metavar="N", help="Masks the folder shall hold.")],
    to: Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to.")],
    seed: Annotated[int | None, typer.Option(metavar="S", help="Default: the recipe's.")] = None,
    recipe: Annotated[
        str | None, typer.Option(metavar="R", help="A recipe's name or file; default: compact.")
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="K=V", help="data.* or masks.*, e.g. masks.negatives=0.2."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Parse, perturb, show."""
    from medsynth.workflows.masks.perturb import PerturbConfig
    from medsynth.workflows.masks.perturb import perturb as perturb_masks

    config = PerturbConfig(data, n, to, seed, recipe, tuple(sets or ()))
    with progress("perturb") as report:
        result = perturb_masks(config, report)
    if as_json:
        print_json(result)
    else:
        show(result)


def show(result: PerturbResult) -> None:
    """Print what was made, what was refused, and how diverse it is."""
    empty = f", {result.empty} of them empty" if result.empty else ""
    out.print(
        f"{result.out} holds {counted(result.masks, 'mask')}{empty} ({result.made:,} new) "
        f"from {counted(result.sources, 'training mask')}.",
        markup=False,
    )
    for title, counts in (
        ("drawn again", result.redrawn),
        ("taken in spite of a flaw", result.relaxed),
        ("balance", result.kinds),
    ):
        if counts:
            shown = "; ".join(f"{count} {name}" for name, count in counts.items())
            out.print(f"{title}: {sum(counts.values())} ({shown})", markup=False)
    for name, found in (result.diversity or {}).items():
        out.print(
            f"val masks covered by {name}: {found.coverage:.0%} (density {found.density:.2f})",
            markup=False,
        )
    if result.diversity is None:
        out.print("diversity: not measured, there are too few val masks.", markup=False)
    out.print(f"Look at {result.contact_sheet}", markup=False)
    images = f"medsynth augment --masks {result.out}"
    out.print(f"Next, with a run fitted on this data: {images}", markup=False)
