"""Segmenters that judge: an encoder that has learned from ImageNet against a U-Net from scratch.

    python tests/benchmarks/judges.py --data ../shared/data [--sets wbc ...]

Both are cross-fitted on train as the gate `faithful` fits them. For each set: the Dice of what they
see in real test images with the true masks and with those of other groups, how the gate calibrates
on val, and the processor time of the fit.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import torch

from medsynth.data.index import build_index
from medsynth.io.runs import Run
from medsynth.workflows.evaluate.shown_masks import compare
from medsynth.workflows.gates import RunGates, load_labelled
from medsynth.workflows.recipe import load_recipe

SETS = {
    "cvc": ("cvc_clinicdb", 'data.train_where={small: "1"}'),
    "histology": ("dsb2018", "data.where={kind: histology_colour}"),
    "histology-64": ("dsb2018", "data.where={kind: histology_colour}", "data.size=64"),
    "fluorescence": ("dsb2018", "data.where={kind: fluorescence}"),
    "wbc": ("wbc", "data.size=96"),
}
NETWORKS = ("unet", "mobilenet-unet")
MOST = 120
"""Test images looked at."""


@dataclass(frozen=True)
class Found:
    """Dice on test with own masks and with others', the gate's calibration, seconds of CPU."""

    own: float
    others: float
    about: dict[str, float | str]
    cpu_s: float


def judge(folder: Path, sets: tuple[str, ...], network: str) -> Found:
    """Fit the segmenters of a gate, and look with them."""
    recipe = load_recipe("compact", (*sets, f"gates.segmenter.network={network}"))
    index = build_index(folder, recipe.data, recipe.seed)
    classes = 1 + max(item.id for item in index.classes)
    with tempfile.TemporaryDirectory() as kept:
        gates = RunGates(Run(Path(kept)), recipe, index, torch.device("cpu"), lambda *_: None)
        began = time.process_time()
        about = dict(gates.gates["faithful"].about)
        took = time.process_time() - began
        test = load_labelled(index, index.split("test")[:MOST])
        shown = compare(gates.predict(), test, classes)
    return Found(float(shown.own.per_image().mean()), float(shown.wrong.mean()), about, took)


def main() -> None:
    """Print a line for each set and network."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SETS))
    told = parser.parse_args()
    torch.set_num_threads(1)
    print("| set | network | test Dice | masks of others | val Dice | threshold | CPU s |")
    print("|---|---|--:|--:|--:|--:|--:|")
    for name in told.sets:
        folder, *sets = SETS[name]
        for network in NETWORKS:
            found = judge(told.data / folder, tuple(sets), network)
            val, threshold = (found.about[key] for key in ("real_mean_dice", "threshold"))
            print(
                f"| {name} | {network} | {found.own:.3f} | {found.others:.3f} | {val:.3f} "
                f"| {threshold:.3f} | {found.cpu_s:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
