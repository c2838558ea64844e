"""`medsynth augment`: new masks, and an image for each."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from medsynth.cli.console import err, out, print_json, progress
from medsynth.cli.next_step import print_next
from medsynth.cli.options import DeviceOption, JsonOption, RunOption
from medsynth.core.words import counted

if TYPE_CHECKING:
    from medsynth.workflows.augment.augment import AugmentResult


def register(app: typer.Typer) -> None:
    """Add the verb to the program."""
    app.command("augment", help="Make synthetic image-mask pairs with a fitted run.")(augment)


def augment(
    *,
    n: Annotated[
        int | None,
        typer.Option("--n", metavar="N", help="Samples the run shall have; default: one a mask."),
    ] = None,
    masks: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Your own masks, to be made images of as they are."),
    ] = None,
    run: RunOption = None,
    seed: Annotated[int | None, typer.Option(metavar="S", help="Default: the recipe's.")] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="K=V", help="sampling.* or masks.*, e.g. sampling.steps=10."),
    ] = None,
    device: DeviceOption = None,
    shard: Annotated[
        str | None,
        typer.Option(metavar="I/K", help="Only part I of K, from 0, for job arrays; then merge."),
    ] = None,
    engine: Annotated[
        str, typer.Option(metavar="E", help="local, or ray: by the workers of a Ray cluster.")
    ] = "local",
    ray_address: Annotated[
        str | None,
        typer.Option(metavar="A", help="Of the cluster; 'local' starts one on this machine."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Parse, augment, show."""
    from medsynth.workflows.augment.augment import AugmentConfig
    from medsynth.workflows.augment.augment import augment as augment_run

    with progress("augment") as report:
        config = AugmentConfig(
            n, run, seed, tuple(sets or ()), device, masks, shard, engine, ray_address
        )
        result = augment_run(config, report)
    for text in result.warnings:
        err.print(f"warning: {text}", style="yellow", markup=False)
    if as_json:
        print_json(result)
        return
    given_up = f", {result.given_up} given up" if result.given_up else ""
    folder = result.shard or result.run
    out.print(
        f"{folder / 'samples'} holds {counted(result.accepted, 'sample')} "
        f"({result.made:,} new{given_up}).",
        markup=False,
    )
    _print_acceptance(result)
    if result.relaxed:
        shown = "; ".join(f"{count} {name}" for name, count in result.relaxed.items())
        out.print(f"masks planned in spite of a flaw: {shown}", markup=False)
    if result.shard is not None:
        out.print(f"Next, with all shards made: medsynth merge --run {result.run}", markup=False)
    else:
        print_next(result.run)


def _print_acceptance(result: AugmentResult) -> None:
    """Print what the gates refused, and of whose masks most: only where there is something."""
    seen = result.acceptance
    if seen.total.below:
        below = ", ".join(f"{gate} {count}" for gate, count in sorted(seen.total.below.items()))
        kept = f"kept of {seen.total.accepted}, though a gate that only scores would refuse them"
        out.print(f"{kept}: {below}", markup=False)
    if not seen.total.refused:
        return
    refused = ", ".join(f"{gate} {count}" for gate, count in sorted(seen.total.refused.items()))
    out.print(f"refused of {counted(seen.total.drawn, 'image')} drawn: {refused}", markup=False)
    kinds = {
        "class": {str(name): tally for name, tally in seen.by_class.items()},
        "object size": seen.by_size,
        "operator": seen.by_operator,
    }
    for kind, tallies in kinds.items():
        shown = ", ".join(
            f"{name} {tally.accepted / tally.drawn:.0%}"
            for name, tally in tallies.items()
            if tally.drawn
        )
        if len(tallies) > 1:
            out.print(f"accepted by {kind}: {shown}", markup=False)
