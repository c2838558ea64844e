"""How diverse new masks are, against val masks, and what the published policy would give."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask
from medsynth.data.records import DataIndex
from medsynth.masks.diversity import NEIGHBOURS, Diversity, diversity_of
from medsynth.masks.options import MaskOptions
from medsynth.masks.plan import Planner
from medsynth.masks.profile import Profile
from medsynth.workflows.masks.folder import MaskFolder
from medsynth.workflows.source_masks import SourceMasks

MOST = 2000
"""New masks measured, the first of the plan; more would take longer and say the same."""


def plain_policy() -> MaskOptions:
    """Return flips, scale and shift as published, with nothing refused."""
    return MaskOptions.model_validate(
        {
            "policy": "paper",
            "plausibility": "off",
            "max_iou_with_real": 1,
            "max_iou_within": 1,
            "negatives": "drop",
            "max_redraws": 0,
        }
    )


def measure_diversity(
    planner: Planner,
    folder: MaskFolder,
    index: DataIndex,
    n: int,
    report: Callable[[int, int, str], None],
) -> dict[str, Diversity] | None:
    """Return the diversity of the new masks, of as many plain ones, and of the training masks.

    All against the val masks with foreground, in the space of the training masks' profile;
    None where there are too few of these to have neighbours.
    """
    profile = planner.acceptance.profile
    val = features(profile, SourceMasks(index, "val").values())
    if len(val) <= NEIGHBOURS or not len(profile.values):
        return None
    count = min(n, MOST)
    report(0, 2, "diversity")
    new = features(profile, map(folder.read, folder.spread(count, count)))
    report(1, 2, "diversity")
    plain = Planner(planner.sources, plain_policy(), planner.seed).until(len(new))
    others = features(profile, (planned.mask for planned in plain))
    report(2, 2, "diversity")
    real = profile.in_space(val)
    found = {"new": new, "flips, scale and shift": others, "training masks": profile.values}
    return {
        name: diversity_of(profile.in_space(values), real)
        for name, values in found.items()
        if len(values)
    }


def features(profile: Profile, masks: Iterable[Mask]) -> NDArray[np.float64]:
    """Return (n, d) float64 features of the masks with foreground."""
    found = [look.features for look in map(profile.look, masks) if look.moments.area_px]
    return np.stack(found) if found else np.empty((0, len(profile.names)))
