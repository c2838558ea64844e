"""Tables and a chart from the figures that the stages wrote."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsynth.io.atomic import write_text
from medsynth.quality.proof.verdict import Comparison, compare, interval, points
from medsynth.workflows.report.chart_forest import Gain, forest

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" width="800" '
STYLE = """><style>
svg { background: white; font: 11px sans-serif }
.grid { stroke: #ddd } .zero { stroke: #333 } .bar { stroke: #06c; stroke-width: 2 }
.dot { fill: #06c } .middle { text-anchor: middle } .halo { stroke: white; stroke-width: 3;
paint-order: stroke } </style>"""
"""In the report the page has the style; a file of its own brings one."""


def write_tables(folder: Path) -> Path:
    """Write `tables.md`, and `gains.svg` of what was judged on test, of all stages in a folder."""
    parts: list[str] = []
    gains: dict[str, list[Gain]] = {}
    for path in sorted(folder.glob("*.json")):
        figures = json.loads(path.read_text("utf-8"))
        parts.append(f"## {figures['stage']}\n")
        for name, folds in by_set(figures["folds"]).items():
            found = comparisons(folds)
            parts += [segmenter_table(name, folds, found), image_table(folds)]
            gains.setdefault(name, []).extend(
                Gain(
                    f"{name}/{letters(having(folds, arm))}, {figures['stage']}: {arm}",
                    *(100 * value for value in (each.gain, each.low, each.high)),
                )
                for arm, each in found.items()
                if folds[0]["judged_on"] == "test"
            )
    write_text(folder / "tables.md", "\n".join(part for part in parts if part))
    if shown := [gain for of_set in gains.values() for gain in of_set]:
        chart = str(forest(shown, "Gain in Dice points over classic"))
        write_text(folder / "gains.svg", chart.replace("<svg ", HEAD, 1).replace(">", STYLE, 1))
    return folder / "tables.md"


def letters(folds: Iterable[dict[str, Any]]) -> str:
    """Return which folds these are.

    >>> letters([{"fold": "wbc/a"}, {"fold": "wbc/b"}])
    'a+b'
    """
    return "+".join(fold["fold"].split("/")[1] for fold in folds)


def by_set(folds: Iterable[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the folds of each set."""
    found: dict[str, list[dict[str, Any]]] = {}
    for fold in folds:
        found.setdefault(fold["fold"].split("/")[0], []).append(fold)
    return found


def comparisons(folds: list[dict[str, Any]]) -> dict[str, Comparison]:
    """Return every arm against the base arm, over the groups of all folds that have it."""
    base = folds[0]["base_arm"]
    return {arm: beside(folds, arm, base) for arm in arms_of(folds) if arm != base}


def arms_of(folds: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return the arms of all folds in order, with what the last fold that has them holds."""
    return {arm: told for fold in folds for arm, told in fold["arms"].items()}


def having(folds: list[dict[str, Any]], *arms: str) -> list[dict[str, Any]]:
    """Return the folds that have all of these arms."""
    return [fold for fold in folds if fold["arms"].keys() >= set(arms)]


def beside(folds: list[dict[str, Any]], arm: str, other: str) -> Comparison:
    """Return an arm against another one, over the groups of all folds that have both."""
    both = having(folds, arm, other)
    groups = [f"{fold['fold']} {group}" for fold in both for group in fold["groups"]]
    return compare(*paired(both, arm, other), groups)


def paired(
    folds: list[dict[str, Any]], arm: str, base: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return two (S, N) arrays of Dice, of S segmenter seeds that both arms have in every fold.

    Several fits of a generator are averaged seed by seed: the segmenters of an arm without a
    generator are the same for all of them, and are not to count twice. N goes over the folds.
    """
    seeds = sorted(
        set.intersection(
            *(
                {each["seed"] for each in fold["arms"][name]["segmenters"]}
                for fold in folds
                for name in (arm, base)
            )
        )
    )
    own, others = (
        np.concatenate([by_seed(fold["arms"][name], seeds) for fold in folds], 1)
        for name in (arm, base)
    )
    return own, others


def by_seed(arm: dict[str, Any], seeds: list[int]) -> NDArray[np.float64]:
    """Return (S, N) Dice of S segmenter seeds, each the mean over the generator's fits."""
    return np.array(
        [
            np.mean([each["dice"] for each in arm["segmenters"] if each["seed"] == seed], 0)
            for seed in seeds
        ]
    )


def segmenter_table(name: str, folds: list[dict[str, Any]], found: dict[str, Comparison]) -> str:
    """Return the arms of a set: pairs, segmenters, Dice on val and where judged, gain."""
    judged = folds[0]["judged_on"]
    lines = [
        f"**{name}**: {', '.join(described(fold) for fold in folds)}.\n",
        f"| arm | pairs | segmenters | val Dice | {judged} Dice | gain, points | 95 % interval | "
        "groups gained | |",
        "|---|--:|--:|--:|--:|--:|--:|--:|---|",
    ]
    for arm in arms_of(folds):
        own = having(folds, arm)
        each = [fold["arms"][arm] for fold in own]
        val = np.mean([s["val_dice"] for part in each for s in part["segmenters"]])
        dice = np.mean([d for part in each for s in part["segmenters"] for d in s["dice"]])
        cells = [
            arm if own == folds else f"{arm} (fold {letters(own)})",
            "/".join(str(part["pairs"]) for part in each),
            str(sum(len(part["segmenters"]) for part in each)),
            f"{val:.3f}",
            f"{dice:.3f}",
        ]
        if arm in found:
            told = found[arm]
            cells += [points(told.gain), interval(told.low, told.high)]
            cells += [f"{told.groups_gained} of {told.groups}", told.word]
        else:
            cells += [""] * 4
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n" + beside_one_another(folds)


def beside_one_another(folds: list[dict[str, Any]]) -> str:
    """Return the first generator against each other one, at each ratio, in lines of words."""
    arms = arms_of(folds)
    first = next(arm["generator"] for arm in arms.values() if arm["generator"])
    lines = []
    for own, other in permutations(arms, 2):
        ours, theirs = arms[own]["generator"], arms[other]["generator"]
        if ours != first or theirs in (first, "") or own.split()[-1] != other.split()[-1]:
            continue
        both = having(folds, own, other)
        told = beside(both, own, other)
        where = "" if both == folds else f" (fold {letters(both)})"
        gain = f"{points(told.gain)} ({interval(told.low, told.high)})"
        lines.append(f"\n{own} against {other}{where}: {gain}.\n")
    return "".join(lines)


def described(fold: dict[str, Any]) -> str:
    """Return a fold in words."""
    pairs = fold["pairs"]
    return (
        f"fold {fold['fold'].split('/')[1]} learns from {pairs['train']} pairs, stops on "
        f"{pairs['val']}, is judged on {len(fold['groups'])} of {len(set(fold['groups']))} groups"
    )


def image_table(folds: list[dict[str, Any]]) -> str:
    """Return the generators' images beside real held-out ones; "" where none were evaluated."""
    if not any(fold["images"] for fold in folds):
        return ""
    lines = [
        "| images | KID | coverage | mask Dice | shuffled | seen by | copies | membership AUC |",
        "|---|--:|--:|--:|--:|---|--:|--:|",
    ]
    for fold in folds:
        real = {}
        for generator, seeds in fold["images"].items():
            for seed, each in enumerate(seeds):
                real.setdefault(network := each["seen_by"], each)
                made, agreed = each["samples"], each["agreement"]
                lines.append(
                    f"| {fold['fold']}, {generator}, seed {seed} | {made['kid']:.3f} | "
                    f"{made['coverage']:.2f} | {agreed['samples']:.3f} | "
                    f"{agreed['samples with shuffled masks']:.3f} | {network} | {each['copies']} | "
                    f"{each['membership_auc']:.2f} |"
                )
        for network, each in real.items():
            lines.append(
                f"| {fold['fold']}, real held-out | {each['held_out']['kid']:.3f} | "
                f"{each['held_out']['coverage']:.2f} | {each['agreement']['held-out']:.3f} | | "
                f"{network} | | |"
            )
    return "\n".join(lines) + "\n"
