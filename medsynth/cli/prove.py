"""`medsynth prove`: does the synthetic data help?"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from medsynth.cli.console import err, out, print_json, progress
from medsynth.cli.options import DeviceOption, JsonOption, RunOption
from medsynth.core.words import counted

if TYPE_CHECKING:
    from medsynth.workflows.prove.conclusion import ProveResult


def register(app: typer.Typer) -> None:
    """Add the verb to the program."""
    app.command("prove", help="Does the synthetic data raise Dice on held-out real images?")(prove)


def prove(
    data: Annotated[
        Path | None,
        typer.Argument(
            help="Real pairs to judge on, such as another hospital's; default: the test pairs of "
            "the run."
        ),
    ] = None,
    *,
    run: RunOption = None,
    beside: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR", help="Another run on the same pairs, to compare with; repeatable."
        ),
    ] = None,
    max_minutes: Annotated[
        float | None,
        typer.Option(metavar="M", min=0.1, help="Plan as many seeds and steps as fit."),
    ] = None,
    segmenter_command: Annotated[
        str | None,
        typer.Option(
            metavar="C",
            help="Your own training script in place of MONAI's networks: it learns from {data}, an "
            "export, and writes a mask to {predictions} for each image in {images}; also {seed}, "
            "{classes}.",
        ),
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="K=V",
            help="prove.*, e.g. prove.seeds=3; export.*, as the pairs would be exported; "
            "evaluate.report_images=false.",
        ),
    ] = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Parse, prove, show."""
    from medsynth.workflows.prove.prove import ProveConfig
    from medsynth.workflows.prove.prove import prove as prove_run

    with progress("prove") as report:
        config = ProveConfig(
            run, tuple(sets or ()), tuple(beside or ()), max_minutes, device, segmenter_command,
            data,
        )  # fmt: skip
        result = prove_run(config, report, lambda text: err.print(f"prove: {text}", markup=False))
    if as_json:
        print_json(result)
        return
    out.print(table_of(result))
    for sentence in result.sentences:
        out.print(sentence, markup=False)
    out.print(
        f"Judged on {counted(result.test_images, 'image')} of "
        f"{counted(result.test_groups, 'group')} of "
        f"{result.judged_on}; settings were chosen on val. All figures: {result.figures}",
        markup=False,
    )
    if result.report:
        out.print(f"The report: {result.report}", markup=False)


def table_of(result: ProveResult) -> Table:
    """Return the arms as a table."""
    from medsynth.quality.proof.verdict import interval, points

    table = Table(box=None, pad_edge=False)
    table.add_column("arm")
    for name in ("pairs", "val Dice", "Dice", "IoU", "HD95 px", "gain", "95 % interval"):
        table.add_column(name, justify="right")
    networks = {each.network for each in result.arms}
    for each in result.arms:
        name = each.arm if len(networks) == 1 else f"{each.arm}, {each.network}"
        gain = ["", ""]
        if each.against is not None:
            gain = [points(each.against.gain), interval(each.against.low, each.against.high)]
        figures = (each.val_dice, each.dice, each.iou)
        table.add_row(
            name, str(each.pairs), *(f"{f:.3f}" for f in figures),
            "-" if each.hd95_px is None else f"{each.hd95_px:.1f}",
            *gain,
        )  # fmt: skip
    return table
