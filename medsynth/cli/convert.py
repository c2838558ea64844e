"""`medsynth import` and `medsynth convert`: to and from other tools' checkpoints."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from medsynth.cli.console import out, print_json, progress
from medsynth.cli.options import JsonOption, RunArgument, RunOption, named_once
from medsynth.core.words import counted

Sets = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="K=V", help="An option, e.g. model.stable_diffusion.base=DIR."),
]
AsJson = JsonOption


def register(app: typer.Typer) -> None:
    """Add both verbs to the program."""
    app.command("import", help="Turn a published checkpoint into a run.")(import_)
    app.command("convert", help="Write a fitted run for other tools, or to be given away.")(convert)


def import_(
    checkpoint: Annotated[Path, typer.Argument(help="A .pth, .ckpt or .safetensors file.")],
    *,
    run: Annotated[Path, typer.Option(metavar="DIR", help="The new run's folder.")],
    data: Annotated[
        Path | None,
        typer.Option(metavar="DATA", help="Pairs whose masks augment may vary; else --masks."),
    ] = None,
    recipe: Annotated[
        str | None, typer.Option(metavar="R", help="A recipe; default: sd15-paper.")
    ] = None,
    sets: Sets = None,
    as_json: AsJson = False,
) -> None:
    """Parse, import, show."""
    from medsynth.workflows.checkpoint_import import ImportConfig, import_checkpoint

    with progress("import") as report:
        config = ImportConfig(checkpoint, run, data, recipe, tuple(sets or ()))
        result = import_checkpoint(config, report)
    if as_json:
        print_json(result)
        return
    out.print(f"{result.run}: imported, {counted(result.pairs, 'pair')}.", markup=False)
    for name in result.from_base:
        out.print(f"note: the checkpoint has no {name}; the base's was taken.", markup=False)
    if result.ignored:
        out.print(f"note: passed over: {counted(len(result.ignored), 'tensor')}.", markup=False)
    source = "" if result.pairs else " --masks DIR"
    out.print(f"next: medsynth augment --n 100 --run {result.run}{source}", markup=False)


def convert(
    argument: RunArgument = None,
    *,
    run: RunOption = None,
    to: Annotated[str, typer.Option(metavar="T", help="diffusers, ldm or shareable.")],
    path: Annotated[
        Path, typer.Option("--out", metavar="PATH", help="A new folder; of ldm, a file.")
    ],
    masks: Annotated[
        int | None,
        typer.Option(metavar="N", help="Masks in a shareable run; default: as planned, or 1000."),
    ] = None,
    sets: Sets = None,
    as_json: AsJson = False,
) -> None:
    """Parse, convert, show."""
    from medsynth.workflows.convert import ConvertConfig
    from medsynth.workflows.convert import convert as convert_run

    run = named_once(argument, run)
    with progress("convert") as report:
        result = convert_run(ConvertConfig(to, path, run, tuple(sets or ()), masks), report)
    if as_json:
        print_json(result)
    elif result.target == "diffusers":
        out.print(f"{result.out}: written; {result.out}/README.md opens it.", markup=False)
    elif result.shared is not None:
        shared, held = result.shared, result.shared.held_back
        told = f"; held back, too like a real one: {held}" if held else ""
        out.print(
            f"{result.out}: written, with {counted(shared.masks, 'mask')}{told}.", markup=False
        )
        if not shared.measured:
            out.print(
                "note: nobody has measured what the weights reveal: medsynth evaluate, then again.",
                markup=False,
            )
        out.print(f"next: read {result.out}/SHARING.md before you give it away.", markup=False)
    else:
        out.print(f"{result.out}: written.", markup=False)
