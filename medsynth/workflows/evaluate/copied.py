"""How many samples are copies of a training image, flipped, cropped or re-encoded ones too."""

from __future__ import annotations

from typing import Any

import numpy as np

from medsynth.quality.copies import CopyDetector, calibrated_threshold
from medsynth.workflows.evaluate.case import Case
from medsynth.workflows.evaluate.near import near


def copied(case: Case) -> dict[str, Any]:
    """Return the copies that a detector finds, and nearness pixel by pixel."""
    case.report(0, 0, "looking for copies")
    train, held_out, made = case.sets.train, case.sets.held_out, case.sets.made
    detector = CopyDetector().fit(train.images, case.groups.train.tolist(), train.labels)
    usual, _ = detector.score(held_out.images, labels=held_out.labels)
    scores, originals = detector.score(made.images, labels=made.labels)
    threshold = calibrated_threshold(usual)
    order = np.argsort(-scores, kind="stable")[: case.options.worst]
    pixels = [each.images.reshape(len(each), -1) for each in (train, held_out, made)]
    return {
        "copies": {
            "threshold": round(threshold, 4),
            "samples": int((scores >= threshold).sum()),
            "held_out": int((usual >= threshold).sum()),
            "median_samples": round(float(np.median(scores)), 4),
            "median_held_out": round(float(np.median(usual)), 4),
            "most_alike": [
                {
                    "sample": case.sets.sample_ids[k],
                    "train": case.sets.train_ids[originals[k]],
                    "likeness": round(float(scores[k]), 4),
                }
                for k in order
            ],
        },
        "near_in_pixels": near(case, *pixels),
    }
