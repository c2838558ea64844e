"""`medsynth evaluate`: quality, diversity, privacy."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from medsynth.cli.console import out, print_json, progress
from medsynth.cli.next_step import print_next
from medsynth.cli.options import DeviceOption, JsonOption, RunOption
from medsynth.core.words import counted


def register(app: typer.Typer) -> None:
    """Add the verb to the program."""
    app.command("evaluate", help="Judge the samples: quality, diversity, privacy.")(evaluate)


def evaluate(
    *,
    run: RunOption = None,
    real: Annotated[
        Path | None,
        typer.Option(metavar="DATA", help="Other real pairs in place of the run's held-out ones."),
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="K=V", help="evaluate.*, e.g. evaluate.features=clip."),
    ] = None,
    device: DeviceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Parse, evaluate, show."""
    from medsynth.workflows.evaluate.evaluate import EvaluateConfig
    from medsynth.workflows.evaluate.evaluate import evaluate as evaluate_run

    with progress("evaluate") as report:
        result = evaluate_run(EvaluateConfig(run, tuple(sets or ()), device, real), report)
    if as_json:
        print_json(result)
        return
    out.print(table_of(result.values))
    for each in standing_out(result.values):
        out.print(each, markup=False)
    for sentence in sentences(result.values):
        out.print(sentence, markup=False)
    out.print(f"All figures: {result.path}", markup=False)
    out.print(f"The report: {result.report}", markup=False)
    print_next(result.run)


def table_of(values: Mapping[str, Any]) -> Table:
    """Return measures of samples, beside those of held-out real images."""
    about, quality = values["about"], values["quality"]
    table = Table(box=None, pad_edge=False)
    table.add_column("against train")
    for name in ("samples", f"real {about['held_out_split']}"):
        table.add_column(name, justify="right")
    made, real = quality["samples against train"], quality["held-out against train"]
    for measure in made:
        table.add_row(measure, *(_with_interval(each[measure]) for each in (made, real)))
    shown = values["mask_agreement"]
    for measure, name in (("dice", "mask agreement, Dice"), ("hd95_px", "mask agreement, HD95 px")):
        table.add_row(name, *(str(shown[side][measure]) for side in ("samples", "held-out")))
    copies = values["copies"]
    table.add_row("copies of a training image", str(copies["samples"]), str(copies["held_out"]))
    near = values["near"]["features"]
    table.add_row("nearer to train than usual", f"{near['rate']:.0%}", f"{near['usual']:.0%}")
    return table


def standing_out(values: Mapping[str, Any]) -> list[str]:
    """Return what the measures complain of, or that they do not."""
    found = [f"! {each['says']}" for each in values["findings"]]
    return found or ["Nothing stands out: no measure finds the samples unlike real images."]


def sentences(values: Mapping[str, Any]) -> list[str]:
    """Return what the table does not hold."""
    about = values["about"]
    found = [
        f"{counted(about['samples'], 'sample')}, {about['train']} training and "
        f"{about['held_out']} held-out images; features of {about['extractor']}."
    ]
    attack = values.get("membership")
    if attack:
        interval = attack["interval"]
        spread = f" ({interval[0]} to {interval[1]})" if interval else ""
        found.append(
            f"Whoever has the weights tells training images from others with an AUC of "
            f"{attack['auc']}{spread}; 0.5 is guessing."
        )
    variety = values.get("variety", {})
    if "within_a_mask" in variety:
        found.append(
            f"Perceptual distance within a mask {variety['within_a_mask']}, across masks "
            f"{variety['across_masks']}, across real images {variety['across_real']}."
        )
    return found + list(values["warnings"])


def _with_interval(score: Mapping[str, Any]) -> str:
    interval = score["interval"]
    if interval is None:
        return f"{score['value']:.3f}"
    return f"{score['value']:.3f} ({interval[0]:.3f} to {interval[1]:.3f})"
