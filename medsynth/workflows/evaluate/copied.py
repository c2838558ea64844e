"""How many samples are copies of a training image, flipped, cropped or re-encoded ones too."""

from __future__ import annotations

from typing import Any

import numpy as np

from medsynth.quality.copies import COPY_SCORE
from medsynth.workflows.evaluate.case import Case
from medsynth.workflows.evaluate.near import near


def copied(case: Case) -> dict[str, Any]:
    """Return the copies that a detector finds, and nearness pixel by pixel."""
    train, held_out, made = case.sets.train, case.sets.held_out, case.sets.made
    found = case.likeness
    order = np.argsort(-found.made, kind="stable")[: case.options.worst]
    pixels = [each.images.reshape(len(each), -1) for each in (train, held_out, made)]
    return {
        "copies": {
            "threshold": COPY_SCORE,
            "samples": int((found.made >= COPY_SCORE).sum()),
            "held_out": int(found.leaked.sum()),
            "median_samples": round(float(np.median(found.made)), 4),
            "median_held_out": round(float(np.median(found.held_out)), 4),
            "most_alike": [
                {
                    "sample": case.sets.sample_ids[k],
                    "train": case.sets.train_ids[found.originals[k]],
                    "likeness": round(float(found.made[k]), 4),
                }
                for k in order
            ],
        },
        "near_in_pixels": near(case, *pixels),
    }
