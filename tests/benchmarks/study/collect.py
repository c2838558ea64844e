"""From a fold's proof and evaluations to plain figures: each segmenter's Dice on each image."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
from commands import Run
from spec import Stage

from medsynth.data.records import DataIndex
from medsynth.io.sealed_lines import unsealed
from medsynth.io.yaml import read_yaml
from medsynth.quality.proof.agreement import mean_of_known
from medsynth.training.checkpoints import Checkpoints

MEASURES = ("kid", "coverage", "precision", "recall", "density")


def collect_fold(
    name: str, proved: Run, stage: Stage, base: Run, run_of: Callable[[str, int], Run]
) -> dict[str, Any]:
    """Return what a fold has come to; `spec` is what was run of the stage.

    `arms` holds for each arm the Dice of each of its segmenters on each image of `groups`:
    {"generator", "ratio", "segmenters": [{"generator_seed", "seed", "val_dice", "dice": [...]}]}.
    """
    file = "proof.json" if stage.judge == "test" else "proof-val.json"
    proof = json.loads((proved.path / "proof" / file).read_text("utf-8"))
    index = DataIndex.load(proved.path)
    labels = {
        run_of(generator, seed).path.name: (generator, seed)
        for generator in stage.generators
        for seed in range(stage.generator_seeds)
    }
    arms: dict[str, Any] = {}
    for unit, title in proof["units"].items():
        kind, _, label = title.partition(" of ")
        generator, seed = ("", 0)
        if kind.startswith("synthetic"):
            generator, seed = labels[label or proved.path.name]
        arm = arms.setdefault(
            f"{generator} {kind.removeprefix('synthetic ')}".strip(),
            {"generator": generator, "pairs": pairs_of(proof, title), "segmenters": []},
        )
        arm["segmenters"].append({"generator_seed": seed, **segmenter(proved, unit, stage.judge)})
    return {
        "fold": name,
        "spec": stage.model_dump(mode="json", exclude={"sets"}),
        "judged_on": stage.judge,
        "pairs": {split: len(index.split(split)) for split in ("train", "val", "test")},
        "groups": [item.group for item in index.split(stage.judge)],
        "base_arm": proof["base"],
        "base_fit": fit_of(base),
        "fits": {generator: fit_of(run_of(generator, 0)) for generator in stage.generators},
        "arms": arms,
        "images": {
            generator: [image_figures(run_of(generator, seed))
                        for seed in range(stage.generator_seeds)]
            for generator in stage.generators
        } if stage.evaluate else {},
    }  # fmt: skip


def fit_of(run: Run) -> dict[str, Any]:
    """Return what was fitted: the recipe's choices, versions, steps taken, best checkpoint."""
    recipe = read_yaml(run.path / "recipe.yaml")
    about = json.loads((run.path / "run.json").read_text("utf-8"))
    states = Checkpoints(run.path / "checkpoints").states()
    sections = ("model", "base", "siamese", "training", "sampling", "gates")
    return (
        {key: recipe[key] for key in sections}
        | {key: about[key] for key in ("versions", "device", "processes", "threads")}
        | {
            "taken": {each.phase: each.step for each in states},
            "best": next((each.best for each in reversed(states)), None),
        }
    )


def pairs_of(proof: dict[str, Any], title: str) -> int:
    """Return how many pairs an arm's segmenters learned from."""
    return int(next(arm["pairs"] for arm in proof["arms"] if arm["arm"] == title))


def segmenter(proved: Run, unit: str, split: str) -> dict[str, Any]:
    """Return a segmenter's seed, its Dice on val and that of each image, the mean over classes."""
    folder = proved.path / "proof" / "units"
    fitted, scores = (
        json.loads(unsealed((folder / f"{unit}.{part}.json").read_bytes()))
        for part in ("fitted", split)
    )
    return {
        "seed": int(unit.split(".")[2]),
        "val_dice": fitted["dice"],
        "dice": mean_of_known(np.array(scores["dice"], np.float64)).round(4).tolist(),
    }


def image_figures(run: Run) -> dict[str, Any]:
    """Return what evaluate says of a generator's images, each beside real held-out ones."""
    found = json.loads((run.path / "evaluation.json").read_text("utf-8"))
    quality, agreement = found["quality"], found["mask_agreement"]
    judge = read_yaml(run.path / "recipe.yaml")["gates"]["segmenter"]
    return {
        "seen_by": judge.get("network", "unet"),
        "samples": {key: quality["samples against train"][key]["value"] for key in MEASURES},
        "held_out": {key: quality["held-out against train"][key]["value"] for key in MEASURES},
        "agreement": {name: each["dice"] for name, each in agreement.items()},
        "copies": found["copies"]["samples"],
        "membership_auc": found.get("membership", {}).get("auc"),
    }
