"""evaluate: are the samples faithful and diverse, and is any patient in them?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from medsynth.core.errors import UsageError
from medsynth.core.seeds import derive_seed, generator
from medsynth.data.index import DataIndex
from medsynth.io.atomic import write_json
from medsynth.io.runs import Run, find_run
from medsynth.quality.copies import CopyDetector, calibrated_threshold
from medsynth.quality.features.extract import extract
from medsynth.quality.features.extractor import FeatureOptions, open_extractor
from medsynth.quality.features.feature_set import FeatureSet
from medsynth.quality.per_class import per_class
from medsynth.quality.privacy import nearest, nearness
from medsynth.quality.proof.agreement import agreement
from medsynth.quality.sample_size import small_sample_warnings
from medsynth.quality.scores import Score, fidelity
from medsynth.workflows.evaluate.attack import attack
from medsynth.workflows.evaluate.options import EvaluateOptions
from medsynth.workflows.evaluate.sets import (
    EvaluatedSets,
    classes_shown,
    group_names,
    read_sets,
    told_masks,
)
from medsynth.workflows.evaluate.variety import variety
from medsynth.workflows.gates import RunGates
from medsynth.workflows.hardware import choose_device, settle_threads
from medsynth.workflows.model import load_fitted
from medsynth.workflows.recipe import Recipe, read_run_recipe
from medsynth.workflows.report.write import write_report

NAME = "evaluation.json"
Report = Callable[[int, int, str], None]


@dataclass(frozen=True)
class EvaluateConfig:
    """What is evaluated.

    run: None for the latest. sets: "evaluate.key=value" on top of its recipe.
    """

    run: Path | None = None
    sets: tuple[str, ...] = ()
    device: str | None = None


@dataclass(frozen=True)
class EvaluateResult:
    """What was found: `values` as they stand in evaluation.json; `report` shows them."""

    run: Path
    values: dict[str, Any]
    report: Path

    @property
    def path(self) -> Path:
        """Where they stand."""
        return self.run / NAME


def evaluate(config: EvaluateConfig, report: Report) -> EvaluateResult:
    """Judge a run's samples by images, masks and copies, each beside what real images reach.

    Raises:
        UsageError: no run, or an option is wrong.
        InputError: too few samples or held-out pairs, or an extractor that is not there.
    """
    for text in config.sets:
        if not text.startswith("evaluate."):
            raise UsageError(f"--set {text}: evaluate can set evaluate.* only.")
    run = find_run(config.run)
    recipe = read_run_recipe(run, config.sets)
    index = DataIndex.load(run.path)
    options = recipe.evaluate
    extractor = open_extractor(
        options.features,
        FeatureOptions(weights=options.weights, download=options.download),
    )
    device = choose_device(config.device)
    settle_threads(recipe.training.threads)
    sets = read_sets(run, index, options.max_images)
    with run.lock("evaluate"):
        judge = Evaluation(run, recipe, index, sets, device, report)
        report(0, 0, "looking at the images")
        values = judge.by_features(
            *(extract(extractor, part.images, run.cache / "features")
              for part in (sets.train, sets.held_out, sets.made))
        )  # fmt: skip
        values |= judge.by_masks() | judge.by_copies() | judge.by_the_model()
        values["about"] = judge.about(str(extractor.identity))
        write_json(run.path / NAME, values)
        report(0, 0, "writing the report")
        told = write_report(run)
    return EvaluateResult(run.path, values, told)


class Evaluation:
    """The measures, each returning plain values for evaluation.json.

    Args:
        run, recipe, index: what is evaluated.
        sets: the images.
        device: where networks compute.
        report: progress.
    """

    def __init__(
        self,
        run: Run,
        recipe: Recipe,
        index: DataIndex,
        sets: EvaluatedSets,
        device: torch.device,
        report: Report,
    ) -> None:
        self.run = run
        self.recipe = recipe
        self.index = index
        self.sets = sets
        self.device = device
        self.report = report
        self.options: EvaluateOptions = recipe.evaluate
        self.groups = {
            "train": group_names(sets.train.groups),
            "held_out": group_names(sets.held_out.groups),
            "made": group_names(sets.made.groups),
        }

    def _rng(self, what: str) -> np.random.Generator:
        return generator(self.recipe.seed, "evaluate", what)

    def by_features(
        self, train: FeatureSet, held_out: FeatureSet, made: FeatureSet
    ) -> dict[str, Any]:
        """Return fidelity and diversity, per class too, and nearness in feature space."""
        of = self.groups
        rng = self._rng("features")
        quality = {
            "samples against train": fidelity(train, made, rng, of["train"], of["made"]),
            "held-out against train": fidelity(train, held_out, rng, of["train"], of["held_out"]),
            "samples against held-out": fidelity(held_out, made, rng, of["held_out"], of["made"]),
        }
        names = {each.id: each.name for each in self.index.classes}

        def of_class(real: np.ndarray, some: np.ndarray) -> dict[str, Any]:
            found = fidelity(train.taken(real), made.taken(some), rng, of["train"][real],
                             of["made"][some], draws=200)  # fmt: skip
            return scores_as_values(found)

        shown = classes_shown(self.sets.train.labels), classes_shown(self.sets.made.labels)
        by_class = per_class(of_class, *shown) if len(names) > 2 else {}
        warned = small_sample_warnings(
            len(train), len(made), train.values.shape[1], len(set(of["train"]))
        )
        return {
            "quality": {name: scores_as_values(each) for name, each in quality.items()},
            "quality_by_class": {names[k]: each for k, each in by_class.items()},
            "warnings": warned,
            "near": {
                "features": {
                    **self._near(train.values, held_out.values, made.values),
                    "nearest": self._nearest_of_each(train.values, made.values),
                }
            },
        }

    def _nearest_of_each(self, train: np.ndarray, made: np.ndarray) -> dict[str, str]:
        """Return sample id -> id of the training image that looks most like it."""
        found = nearest(made, train).original
        sets = self.sets
        return {each: sets.train_ids[k] for each, k in zip(sets.sample_ids, found, strict=True)}

    def _near(self, train: np.ndarray, held_out: np.ndarray, made: np.ndarray) -> dict[str, Any]:
        """Return the calibrated rate of samples near to training images, and the worst pairs."""
        ours, theirs = nearest(made, train), nearest(held_out, train)
        found = nearness(
            ours.distance, theirs.distance, self._rng("near"), self.groups["made"],
            self.groups["held_out"],
        )  # fmt: skip
        worst = [
            {
                "sample": self.sets.sample_ids[k],
                "train": self.sets.train_ids[ours.original[k]],
                "distance": round(float(ours.distance[k]), 4),
            }
            for k in ours.worst(self.options.worst)
        ]
        return {
            "rate": round(found.rate, 4),
            "usual": found.quantile,
            "interval": rounded(found.interval),
            "median_made": round(float(np.median(ours.distance)), 4),
            "median_held_out": round(float(np.median(theirs.distance)), 4),
            "worst": worst,
        }

    def by_masks(self) -> dict[str, Any]:
        """Return how well images show their masks, by segmenters that never saw their groups."""
        predict = RunGates(self.run, self.recipe, self.index, self.device, self.report).predict()
        classes = [each for each in self.index.classes if each.id]
        count = 1 + max(each.id for each in classes)
        found = {}
        for name, pairs in (("samples", self.sets.made), ("held-out", self.sets.held_out)):
            scores = agreement(predict(pairs.images, pairs.groups), pairs.labels, count)
            known = scores.hd95_px[~np.isnan(scores.hd95_px)]
            found[name] = {
                "dice": round(float(scores.per_image().mean()), 4),
                "hd95_px": round(float(known.mean()), 2) if len(known) else None,
                "dice_by_class": {
                    each.name: round(float(np.nanmean(scores.dice[:, each.id - 1])), 4)
                    for each in classes
                    if not np.isnan(scores.dice[:, each.id - 1]).all()
                },
            }
        shuffled = agreement(
            predict(self.sets.made.images, self.sets.made.groups),
            np.roll(self.sets.made.labels, 1, 0), count, with_hd95=False,
        )  # fmt: skip
        found["samples with shuffled masks"] = {
            "dice": round(float(shuffled.per_image().mean()), 4)
        }
        return {"mask_agreement": found}

    def by_copies(self) -> dict[str, Any]:
        """Return how many samples are copies of a training image, flipped or cropped ones too."""
        self.report(0, 0, "looking for copies")
        train, held_out, made = self.sets.train, self.sets.held_out, self.sets.made
        detector = CopyDetector().fit(train.images, self.groups["train"].tolist(), train.labels)
        usual, _ = detector.score(held_out.images, labels=held_out.labels)
        scores, originals = detector.score(made.images, labels=made.labels)
        threshold = calibrated_threshold(usual)
        order = np.argsort(-scores, kind="stable")[: self.options.worst]
        pixels = [each.reshape(len(each), -1).astype(np.float32) for each in
                  (train.images, held_out.images, made.images)]  # fmt: skip
        return {
            "copies": {
                "threshold": round(threshold, 4),
                "samples": int((scores >= threshold).sum()),
                "held_out": int((usual >= threshold).sum()),
                "median_samples": round(float(np.median(scores)), 4),
                "median_held_out": round(float(np.median(usual)), 4),
                "most_alike": [
                    {
                        "sample": self.sets.sample_ids[k],
                        "train": self.sets.train_ids[originals[k]],
                        "likeness": round(float(scores[k]), 4),
                    }
                    for k in order
                ],
            },
            "near_in_pixels": self._near(*pixels),
        }

    def by_the_model(self) -> dict[str, Any]:
        """Return what takes the fitted model: variety within a mask, and the membership attack."""
        fitted = load_fitted(self.run, self.recipe, self.index, self.recipe.sampling.checkpoint)
        fitted.network.to(self.device)
        fitted.codec.to(self.device)
        values: dict[str, Any] = {}
        masks = told_masks(self.run, self.index, self.options.diversity_masks)
        if masks:
            self.report(0, 0, "several samples of one mask")
            values["variety"] = variety(
                fitted, self.recipe, masks, self.sets.made.images, self.sets.held_out.images,
                self.options,
                derive_seed(self.recipe.seed, "evaluate", "variety"),
            )  # fmt: skip
        if self.options.attack_draws:
            self.report(0, 0, "the membership attack")
            values["membership"] = attack(
                fitted, self.index, self.options.attack_draws, self.recipe.seed
            )
        return values

    def about(self, extractor: str) -> dict[str, Any]:
        """Return what the numbers rest on."""
        return {
            "extractor": extractor,
            "samples": len(self.sets.made),
            "train": len(self.sets.train),
            "held_out": len(self.sets.held_out),
            "held_out_split": self.sets.split,
            "held_out_groups": len(set(self.groups["held_out"].tolist())),
            "recipe_seed": self.recipe.seed,
            "options": self.options.model_dump(mode="json"),
        }


def scores_as_values(scores: dict[str, Score]) -> dict[str, Any]:
    """Return scores as plain values."""
    return {
        name: {
            "value": round(each.value, 4),
            "interval": None if each.interval is None else rounded(each.interval),
        }
        for name, each in scores.items()
    }


def rounded(interval: tuple[float, float]) -> list[float]:
    """Return both ends to four digits."""
    return [round(float(end), 4) for end in interval]
