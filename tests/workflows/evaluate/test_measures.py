"""Each way of making bad samples is caught by the measure made for it, and said in words."""

import json

import cv2
import numpy as np
import pytest

from medsynth.data.index import DataIndex
from medsynth.workflows.gates import load_labelled

from .scenes import MADE, put, scene, scenes


def found(values):
    return {each["measure"]: each["says"] for each in values["findings"]}


def against_train(values, measure):
    both = (values["quality"][f"{side} against train"][measure] for side in ("samples", "held-out"))
    return tuple(each["value"] for each in both)


def training(run):
    index = DataIndex.load(run)
    return load_labelled(index, index.split("train"))


def test_real_images_of_others_pass(passing):
    run, values = passing
    assert values["findings"] == []
    assert json.loads((run / "evaluation.json").read_text()) == values
    assert values["copies"]["samples"] == 0
    shown = values["mask_agreement"]
    assert shown["samples"]["dice"] == pytest.approx(shown["held-out"]["dice"], abs=0.1)
    assert shown["samples with shuffled masks"]["dice"] < shown["samples"]["dice"] - 0.3
    attack = values["membership"]
    assert attack["interval"][0] < 0.5
    assert "Nothing stands out" in (run / "report.html").read_text()


def test_noise_is_caught_by_precision_kid_and_agreement(own, judge):
    noise = np.random.default_rng(0).integers(0, 256, (MADE, 48, 48, 3), np.uint8)
    put(own, noise, scenes(1000)[1])
    values = judge(own)
    said = found(values)
    assert {"precision", "kid", "mask_agreement"} <= said.keys()
    assert "copies" not in said
    made, real = against_train(values, "precision")
    assert made < 0.2 < real
    assert said["precision"].startswith("Few samples look like any training image")
    assert said["precision"] in (own / "report.html").read_text().replace("&#39;", "'")


def test_blurred_copies_are_caught_as_copies_and_by_precision(own, judge):
    train = training(own)
    blurred = np.stack([cv2.GaussianBlur(image, (0, 0), 1.5) for image in train.images])
    put(own, blurred, train.labels)
    values = judge(own)
    said = found(values)
    assert {"copies", "near_in_pixels"} <= said.keys()
    assert {"precision", "kid"} & said.keys()
    assert values["copies"]["samples"] > 0.9 * len(train)
    assert values["copies"]["held_out"] == 0
    right = [each["train"] for each in values["copies"]["most_alike"]]
    assert len(set(right)) == len(right)
    assert f"of {len(train)} samples count as copies of a training image, 0 of" in said["copies"]


def test_one_repeated_image_is_caught_by_recall_and_coverage(own, judge):
    image, mask = scene(1000)
    put(own, [image] * MADE, [mask] * MADE)
    values = judge(own)
    said = found(values)
    assert {"recall", "coverage"} <= said.keys()
    assert against_train(values, "recall")[0] < 0.1
    assert said["recall"].startswith("Many training images have no sample like them")
    assert "mask_agreement" not in said  # it shows its mask well enough


def test_shuffled_masks_make_agreement_collapse_and_nothing_else(own, passing, judge):
    images, masks = scenes(1000)
    put(own, images, np.roll(masks, 1, 0))
    values = judge(own)
    assert set(found(values)) == {"mask_agreement"}
    assert values["quality"] == passing[1]["quality"]
    shown = values["mask_agreement"]
    assert shown["samples"]["dice"] < 0.5 * shown["held-out"]["dice"]
    assert "The samples hardly show their masks" in found(values)["mask_agreement"]


def test_the_very_training_images_are_caught_as_copies_and_as_near(own, judge):
    train = training(own)
    put(own, train.images[:, :, ::-1], train.labels[:, :, ::-1])
    values = judge(own)
    assert values["copies"]["samples"] == len(train)
    assert "copies" in found(values)
    put(own, train.images, train.labels)
    assert {"copies", "near", "near_in_pixels"} <= found(judge(own)).keys()
