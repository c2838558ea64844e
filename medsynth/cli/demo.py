"""`medsynth demo`: the main job on a real micrograph, with nothing to download."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medsynth.cli.console import out, print_json, progress
from medsynth.cli.options import JsonOption

if TYPE_CHECKING:
    from medsynth.workflows.demo import DemoResult


def register(app: typer.Typer) -> None:
    """Add the verb to the program."""
    app.command("demo", help="The main job on a real micrograph: fit, augment, export, measure.")(
        demo
    )


def demo(
    *,
    to: Annotated[
        Path, typer.Option("--out", metavar="DIR", help="A new folder for everything.")
    ] = Path("medsynth-demo"),
    n: Annotated[int, typer.Option("--n", metavar="N", min=2, help="Samples to make.")] = 64,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="K=V", help="An option on top of recipe compact-quick."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Parse, run, show."""
    from medsynth.workflows.demo import DemoConfig
    from medsynth.workflows.demo import demo as run_demo

    result = run_demo(DemoConfig(to, n, tuple(sets or ())), progress)
    if as_json:
        print_json(result)
    else:
        show_result(result)


def show_result(result: DemoResult) -> None:
    """Print what the demo measured, in words."""
    lines = [
        f"{result.n} synthetic tiles from never-seen masks, fitted in {result.fit_s / 60:.1f} "
        "minutes. Measured by the stain itself, no network involved:",
        f"  Dice of what they show with the masks asked for   {result.dice:.3f}",
        f"  the same with the masks shuffled                  {result.dice_shuffled:.3f}",
        f"  real held-out tiles by the same measure           {result.dice_real:.3f}",
        f"  residual noise, of the real tiles'                {result.noise_ratio:.2f}x",
        f"  distance to the most similar training tile        {result.nearest_rms:.1f} grey levels",
        f"  the same for real held-out tiles                  {result.nearest_rms_real:.1f}",
        f"Look: {result.sheet}",
        "  (rows: mask, synthetic, what the stain rule finds in it, most similar training tile)",
        f"COCO data set: {result.export}",
        "Now on your own folder: medsynth doctor data/, then medsynth fit data/",
    ]
    for line in lines:
        out.print(line, markup=False)
