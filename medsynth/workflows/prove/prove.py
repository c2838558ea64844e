"""prove: does the synthetic data raise Dice on held-out real patients, of the run or elsewhere?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from medsynth.core.errors import InputError, UsageError
from medsynth.core.words import counted
from medsynth.data.index import DataIndex
from medsynth.exporters.deliver import exporter_named
from medsynth.io.interrupts import asked_to_stop
from medsynth.io.runs import Run, find_run
from medsynth.workflows.hardware import choose_device, settle_threads
from medsynth.workflows.prove.conclusion import ProveResult
from medsynth.workflows.prove.judged import Judged, other_set, own_split
from medsynth.workflows.prove.options import ProveOptions
from medsynth.workflows.prove.own_command import OwnCommand
from medsynth.workflows.prove.proof import Proof, Report, runs_beside
from medsynth.workflows.recipe import Recipe, read_run_recipe, refuse_other_sets

SETTABLE = ("prove.", "export.", "evaluate.report_images=")
OF_ARMS = ("export.ratio=", "export.synthetic_only=")
"""What the arms themselves decide."""
GEOMETRY = "export.geometry="
OF_NETWORKS = (
    "prove.networks=", "prove.segmenter.", "prove.segmenter=", "prove.stops=",
    "prove.real_endings=", "prove.real_alone=", "prove.copy_paste=",
)  # fmt: skip
"""What only networks of our own heed."""
UNSEEN = (
    "no word of --segmenter-command is a file: where its code changes, what it has fitted is not "
    "fitted again."
)
LEAST_PAIRS = 4
"""Held-out pairs in val, and in test; with fewer there is nothing to say."""


@dataclass(frozen=True)
class ProveConfig:
    """What is proved.

    run: a run with samples; None for the latest. beside: other runs fitted on the same pairs, whose
    samples are compared too. sets: "prove.key=value" on top of the run's recipe;
    "export.key=value" for pairs that an export would hold so; and "evaluate.report_images=false"
    for a report without images.
    max_minutes: fewer seeds and steps are planned where all would take longer.
    segmenter_command: the user's own training script, in place of MONAI's networks.
    data: a folder of real pairs to judge on, in place of the run's test pairs: another hospital's.
        The folder that the run was fitted on means these test pairs.
    """

    run: Path | None = None
    sets: tuple[str, ...] = ()
    beside: tuple[Path, ...] = ()
    max_minutes: float | None = None
    device: str | None = None
    segmenter_command: str | None = None
    data: Path | None = None


def prove(
    config: ProveConfig, report: Report, note: Callable[[str], None] = lambda _: None
) -> ProveResult:
    """Fit segmenters on real pairs with and without synthetic ones, and compare them on test.

    Whatever is chosen, the stopping step and the ratio, is chosen on val; test, or the other data
    that is judged, is opened when all is fitted. Killed, it goes on where it was.

    Args:
        config: what is proved.
        report: progress, in segmenters.
        note: told what was planned, what to keep in mind of other data, and what of the user's own
            script is not noticed.

    Raises:
        UsageError: no run, or an option is wrong.
        InputError: too few held-out pairs, or too few samples for a ratio; something leaks from
            val or test into train; a run beside is of other pairs; other data cannot be compared.
        InterruptedRunError: stopped by Ctrl-C.
    """
    refuse_other_sets("prove", config.sets, SETTABLE)
    for text in config.sets:
        if text.startswith(OF_ARMS):
            raise UsageError(
                f"--set {text}: each arm has its own.",
                "Name the ratios of the arms: --set prove.ratios=[0.5,1,2]",
            )
        if text.startswith(GEOMETRY):
            raise UsageError(f"--set {text}: segmenters see images as the generator does.")
    run = find_run(config.run)
    recipe = read_run_recipe(run, config.sets)
    index = DataIndex.load(run.path)
    judged = judged_pairs(config, recipe, run, index)
    refuse_too_few(index, run, judged)
    for text in judged.notes:
        note(text)
    settle_threads(recipe.training.threads)
    others = runs_beside(config.beside, run, index)
    command = own_command(config, recipe.prove)
    if command is not None and not command.files():
        note(UNSEEN)
    proof = Proof(run, others, recipe, index, judged, devices(config.device), report, command)
    with run.lock("prove"), asked_to_stop() as stop:
        proof.settle_budget(config.max_minutes, note)
        proof.fit(stop)
        return proof.conclude()


def own_command(config: ProveConfig, options: ProveOptions) -> OwnCommand | None:
    """Return the user's own segmenter, if there is one.

    Raises:
        UsageError: it cannot be read, or goes with a budget or with options of networks; or its
            format is unknown.
    """
    if config.segmenter_command is None:
        return None
    if config.max_minutes is not None:
        raise UsageError(
            "--max-minutes cannot plan what --segmenter-command takes.",
            "Choose the seeds yourself: --set prove.seeds=3",
        )
    for text in config.sets:
        if text.startswith(OF_NETWORKS):
            raise UsageError(f"--set {text}: with --segmenter-command your script decides that.")
    exporter_named(options.segmenter_format)
    return OwnCommand(config.segmenter_command)


def judged_pairs(config: ProveConfig, recipe: Recipe, run: Run, index: DataIndex) -> Judged:
    """Return what segmenters are compared on.

    Raises:
        UsageError: other data are named, and a split.
        InputError: other data cannot be compared.
    """
    if config.data is None or config.data.resolve() == index.root.resolve():
        return own_split(index, recipe.prove.split)
    if recipe.prove.split != "test":
        raise UsageError(
            f"{config.data} is no data of {run.path}, so it has none of its val.",
            "Leave one of the two out: DATA, or prove.split=val.",
        )
    return other_set(config.data, recipe, run.path, index)


def refuse_too_few(index: DataIndex, run: Run, judged: Judged) -> None:
    """Refuse a proof without held-out pairs.

    Raises:
        InputError: val or test has hardly any.
    """
    needed = (("val", "settings are chosen"), ("test", "segmenters are compared"))
    for split, what in needed if judged.is_test else needed[:1]:
        count = len([item for item in index.items if item.split == split])
        if count < LEAST_PAIRS:
            raise InputError(
                f"{run.path} has {counted(count, 'pair')} in {split}, on which {what}; without "
                "more nothing can be proved.",
                "Fit on data with a split.csv, or with larger shares of val and test: "
                "--set data.fractions=[0.6,0.2,0.2]",
            )


def devices(name: str | None) -> list[torch.device]:
    """Return where segmenters are fitted: side by side on all GPUs, where none is named."""
    first = choose_device(name)
    if name is None and first.type == "cuda":
        return [torch.device("cuda", k) for k in range(torch.cuda.device_count())]
    return [first]
