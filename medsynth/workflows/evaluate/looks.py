"""How the images look: fidelity and diversity by features, per class too."""

from __future__ import annotations

from typing import Any

import numpy as np

from medsynth.quality.features.feature_set import FeatureSet
from medsynth.quality.per_class import per_class
from medsynth.quality.privacy import nearest
from medsynth.quality.sample_size import small_sample_warnings
from medsynth.quality.scores import Score, fidelity
from medsynth.workflows.evaluate.case import Case
from medsynth.workflows.evaluate.near import near, rounded
from medsynth.workflows.evaluate.sets import classes_shown

CLASS_DRAWS = 200
"""Resamples for a class: there may be many classes."""


def looks(case: Case, train: FeatureSet, held_out: FeatureSet, made: FeatureSet) -> dict[str, Any]:
    """Return fidelity and diversity, per class too, and nearness in feature space."""
    of = case.groups
    rng = case.rng("features")
    equally = min(len(made), len(held_out))  # these two stand beside one another
    quality = {
        "samples against train": fidelity(train, made, rng, of.train, of.made, among=equally),
        "held-out against train": fidelity(
            train, held_out, rng, of.train, of.held_out, among=equally
        ),
        "samples against held-out": fidelity(held_out, made, rng, of.held_out, of.made),
    }
    names = {each.id: each.name for each in case.index.classes}

    def of_class(real: np.ndarray, some: np.ndarray) -> dict[str, Any]:
        found = fidelity(train.taken(real), made.taken(some), rng, of.train[real], of.made[some],
                         CLASS_DRAWS)  # fmt: skip
        return as_values(found)

    shown = classes_shown(case.sets.train.labels), classes_shown(case.sets.made.labels)
    by_class = per_class(of_class, *shown) if len(names) > 2 else {}
    size = len(train), len(made), train.values.shape[1], len(set(of.train))
    return {
        "quality": {name: as_values(each) for name, each in quality.items()},
        "quality_by_class": {names[k]: each for k, each in by_class.items()},
        "warnings": small_sample_warnings(*size, held_out=len(held_out)),
        "near": {
            "features": {
                **near(case, train.values, held_out.values, made.values),
                "nearest": nearest_of_each(case, train, made),
            }
        },
    }


def nearest_of_each(case: Case, train: FeatureSet, made: FeatureSet) -> dict[str, str]:
    """Return sample id -> id of the training image that looks most like it."""
    found = nearest(made.values, train.values).original
    sets = case.sets
    return {each: sets.train_ids[k] for each, k in zip(sets.sample_ids, found, strict=True)}


def as_values(scores: dict[str, Score]) -> dict[str, Any]:
    """Return scores as plain values."""
    return {
        name: {
            "value": round(each.value, 4),
            "interval": None if each.interval is None else rounded(each.interval),
        }
        for name, each in scores.items()
    }
