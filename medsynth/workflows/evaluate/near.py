"""How near samples lie to training images, where held-out real images say what is usual."""

from __future__ import annotations

from typing import Any

import numpy as np

from medsynth.quality.privacy import Rows, nearest, nearness
from medsynth.workflows.evaluate.case import Case


def near(case: Case, train: Rows, held_out: Rows, made: Rows) -> dict[str, Any]:
    """Return the calibrated rate of samples near to training images, and the worst pairs.

    Held-out images that are as copies of training images do not say what is usual.

    Args:
        case: what is evaluated.
        train, held_out, made: (N, D) features or pixels of its images.
    """
    scale, of = case.likeness.scale, case.groups
    ours, theirs = nearest(made, train), nearest(held_out, train).distance[scale]
    found = nearness(ours.distance, theirs, case.rng("near"), of.made, of.held_out[scale])
    worst = [
        {
            "sample": case.sets.sample_ids[k],
            "train": case.sets.train_ids[ours.original[k]],
            "distance": round(float(ours.distance[k]), 4),
        }
        for k in ours.worst(case.options.worst)
    ]
    return {
        "rate": round(found.rate, 4),
        "usual": found.quantile,
        "usual_at_most": round(found.usual_at_most, 4),
        "interval": rounded(found.interval),
        "median_made": round(float(np.median(ours.distance)), 4),
        "median_held_out": round(float(np.median(theirs)), 4),
        "worst": worst,
    }


def rounded(interval: tuple[float, float]) -> list[float]:
    """Return both ends to four digits."""
    return [round(float(end), 4) for end in interval]
