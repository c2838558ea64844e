"""What doctor asks of the model: does the codec keep the detail, and what would a fit take?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from medsynth.core.types import Sample
from medsynth.data.problems import Problem, problem
from medsynth.data.records import DataIndex
from medsynth.model.backbone import build_backbone
from medsynth.model.codecs.patches import PrincipalPatches
from medsynth.model.pixels import to_tensor
from medsynth.workflows.fit.config import FitConfig
from medsynth.workflows.fit.estimate import estimate_on
from medsynth.workflows.recipe import Recipe

LEAST_PSNR_DB = 27.0
"""Below this, in and around the objects, small structures and edges are visibly lost. A rule of
thumb from looking at round trips of CVC-ClinicDB, WBC and DSB2018, not a published threshold."""


def codec_problems(recipe: Recipe, samples: Sequence[Sample]) -> list[Problem]:
    """Send images through the recipe's codec and back; name those whose objects lose detail.

    Of the codec `patches` the linear part alone is judged, for its refiner is fitted later;
    codecs that need weights or a long fit first are not judged here.
    """
    codec = build_backbone(recipe.model).build_codec(samples[0].image.shape[2])
    if not isinstance(codec, PrincipalPatches):
        return []
    images = to_tensor([sample.image for sample in samples]) * 2 - 1
    with torch.no_grad():
        codec.fit_basis(images)
        back = codec.linear(codec.to_raw(images)).clamp(-1, 1)
    error = ((back - images) / 2).square().mean(1).numpy()
    poor = []
    for sample, squared in zip(samples, error, strict=True):
        where = sample.mask.labels > 0
        psnr = -10 * np.log10(max(float(squared[where].mean()), 1e-10)) if where.any() else np.inf
        if psnr < LEAST_PSNR_DB:
            poor.append(f"{sample.id} ({psnr:.0f} dB)")
    return problem(
        "codec-detail",
        "warning",
        f"of {len(samples)} images tried lose detail in their objects in the codec",
        poor,
        "Raise model.codec.channels, or halve model.codec.factor (four times the time a step).",
    )


def fit_prospect(recipe: Recipe, index: DataIndex) -> dict[str, Any]:
    """Measure a few steps and return what a fit on the index would take, in words and units."""
    found = estimate_on(FitConfig(), recipe, index, lambda *_: None)
    return {
        "device": found.device,
        "steps": sum(found.steps.values()),
        "minutes": round(found.minutes, 1),
        "memory_gib": round(found.memory_bytes / 2**30, 2),
        "disk_gib": round(found.disk_bytes / 2**30, 2),
    }
