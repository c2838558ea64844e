"""`medsynth fit`: from a folder of pairs to a fitted run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medsynth.cli.console import err, out, print_json, progress
from medsynth.cli.options import DeviceOption, JsonOption
from medsynth.core.words import counted

if TYPE_CHECKING:
    from medsynth.workflows.fit.config import FitResult
    from medsynth.workflows.fit.estimate import Estimate


def register(app: typer.Typer) -> None:
    """Add the verb to the program."""
    app.command("fit", help="Fit the generator on the image-mask pairs in DATA.")(fit)


def fit(
    data: Annotated[
        Path | None, typer.Argument(help="Folder with images and masks; left out on --resume.")
    ] = None,
    *,
    recipe: Annotated[
        str | None, typer.Option(metavar="R", help="A recipe's name or file; default: auto.")
    ] = None,
    run: Annotated[
        Path | None, typer.Option(metavar="DIR", help="The run's folder; default: runs/DATA-1.")
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="K=V", help="An option, e.g. data.size=128."),
    ] = None,
    steps: Annotated[
        int | None, typer.Option(metavar="T", help="Steps of the Siamese phase.")
    ] = None,
    max_minutes: Annotated[
        float | None,
        typer.Option(metavar="M", min=0.1, help="Measure the speed, then fix steps to fit this."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with a run.")] = False,
    init_from: Annotated[
        Path | None,
        typer.Option(
            metavar="RUN",
            help="Begin with this run's fitted weights; no base steps unless --set base.steps=N.",
        ),
    ] = None,
    device: DeviceOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what it would take: time, memory, disk.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Parse, fit, show."""
    from medsynth.workflows.fit.config import FitConfig
    from medsynth.workflows.fit.estimate import estimate
    from medsynth.workflows.fit.fit import fit as fit_run

    config = FitConfig(
        data, recipe, run, tuple(sets or ()), steps, max_minutes, resume, init_from, device
    )
    with progress("fit") as report:
        if dry_run:
            found = estimate(config, report, show_note)
        else:
            result = fit_run(config, report, show_warning, show_note)
    if as_json:
        print_json(found if dry_run else result)
    elif dry_run:
        show_estimate(found)
    else:
        show_result(result)


def show_note(text: str) -> None:
    """Print a note."""
    err.print(f"auto: {text}", markup=False)


def show_warning(text: str) -> None:
    """Print a warning."""
    err.print(f"warning: {text}", style="yellow", markup=False)


def show_result(result: FitResult) -> None:
    """Print how a fit ended, and what to do next."""
    steps = " + ".join(f"{n} {name}" for name, n in result.steps.items())
    out.print(
        f"Fitted {result.run} on {counted(result.pairs, 'training pair')}: {steps} steps "
        f"in {result.elapsed_s / 60:.1f} minutes.",
        markup=False,
    )
    for name in result.ended_early:
        out.print(
            f"{name} ended before its planned steps: the validation loss had stopped falling.",
            markup=False,
        )
    if result.val_loss is not None:
        what = "base" if result.base_alone else "mask branch"
        out.print(f"Validation loss of the {what}: {result.val_loss:.4f}", markup=False)
        if result.best is not None and result.best[1] < result.val_loss:
            name, loss = result.best
            out.print(
                f"Least at {name}: {loss:.4f}. Samples take these weights where "
                "sampling.checkpoint is best.",
                markup=False,
            )
    if result.base_alone:
        out.print(f"Next: medsynth fit DATA --init-from {result.run}", markup=False)
        return
    out.print(f"Look at {result.run / 'grids'}", markup=False)
    out.print(f"Next: medsynth augment --n {result.samples_wanted}", markup=False)


def show_estimate(result: Estimate) -> None:
    """Print what a fit would take."""
    steps = " + ".join(f"{n} {name}" for name, n in result.steps.items())
    out.print(
        f"{counted(result.pairs, 'training pair')}, {steps} steps, device {result.device}:",
        markup=False,
    )
    codec = f"{result.codec_s:.0f} s for the codec, " if result.codec_s >= 1 else ""
    out.print(
        f"about {result.minutes:.1f} minutes ({codec}{result.base_step_s:.2f} s a base step, "
        f"{result.siamese_step_s:.2f} s a Siamese step, measured now)",
        markup=False,
    )
    out.print(
        f"memory {result.memory_bytes / 2**30:.1f} GiB (peak of the measured steps), "
        f"disk {result.disk_bytes / 2**30:.2f} GiB (checkpoints, computed)",
        markup=False,
    )
