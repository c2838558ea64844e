"""Runs with image labels, several classes, instances and grey images are judged like any other."""

import contextlib
import json

import numpy as np

import medsynth
from medsynth.data.index import DataIndex
from medsynth.data.load import load_sample

from .scenes import MADE, put

FIT = {
    "data.fractions": [0.4, 0.2, 0.4],
    "gates.segmenter": {"steps": 2, "width": 4, "batch": 4},
}
OPTIONS = {
    "evaluate.features": "cells",
    "evaluate.attack_draws": 2,
    "evaluate.diversity_masks": 2,
    "evaluate.diversity_samples": 2,
}


def evaluated(folder, recipe, data, **fit):
    """Fit, put the real pairs of train into the store as samples, evaluate."""
    with contextlib.chdir(folder):
        told = FIT | fit
        medsynth.fit(data, recipe=str(recipe), run=folder / "run", options=told, device="cpu")
        index = DataIndex.load(folder / "run")
        train = [load_sample(index, item) for item in index.split("train")]
        chosen = [train[k % len(train)] for k in range(MADE)]
        put(folder / "run", [s.image for s in chosen], [s.mask.labels for s in chosen])
        return medsynth.evaluate(run=folder / "run", options=OPTIONS, device="cpu").values


def test_image_labels_and_classes(tmp_path, recipe, blobs):
    data = blobs(n=40, classes=2)
    (data / "classes.json").write_text(json.dumps({"0": "background", "1": "rim", "2": "core"}))
    stains = [f"p{k:02d},{'he' if k % 2 else 'dab'}" for k in range(40)]
    (data / "stains.csv").write_text("\n".join(["stem,stain", *stains, ""]))
    values = evaluated(tmp_path, recipe, data, **{"model.label_column": "stain"})
    assert set(values["quality_by_class"]) == {"rim", "core"}
    assert set(values["mask_agreement"]["held-out"]["dice_by_class"]) == {"rim", "core"}
    assert 0 <= values["membership"]["auc"] <= 1
    assert "left_out" in values["variety"] or values["variety"]["within_a_mask"] > 0
    assert values["copies"]["samples"] == MADE  # they are copies


def test_grey_images_with_instances(tmp_path, recipe, blobs):
    data = blobs(n=40, grey=True, instances=True)
    values = evaluated(tmp_path, recipe, data, **{"data.mask": "instances"})
    assert values["about"]["samples"] == MADE
    assert values["quality_by_class"] == {}
    assert np.isfinite(values["membership"]["auc"])
