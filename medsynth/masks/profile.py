"""The profile of the training masks: what figures they have, and within what bounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask
from medsynth.masks.features import Look, feature_names, look_at
from medsynth.masks.places import PlaceMap, cells_of

PLACES = "usual places"
"""Name of the last feature: how usual it is that foreground lies where it does."""


@dataclass(frozen=True, eq=False)
class Profile:
    """The figures of a set of masks.

    class_ids: foreground classes that occur, ascending.
    names: of the features, d texts.
    values: (n, d) float64 features of the masks in order; NaN where one has none.
    places: where their foreground lies.
    """

    class_ids: tuple[int, ...]
    names: tuple[str, ...]
    values: NDArray[np.float64]
    places: PlaceMap

    def look(self, mask: Mask) -> Look:
        """Return a look at another mask, with this profile's features."""
        seen = look_at(mask, self.class_ids)
        usual = self.places.usualness(cells_of(mask.labels))
        return Look(seen.classes, seen.moments, seen.objects, np.append(seen.features, usual))

    @cached_property
    def middle(self) -> NDArray[np.float64]:
        """(d,) float64 median of each feature; 0 where no mask has it."""
        known = np.isfinite(self.values).any(0)
        filled = np.where(known, self.values, 0.0)
        middle: NDArray[np.float64] = np.nanmedian(filled, axis=0)
        return middle

    @cached_property
    def spread(self) -> NDArray[np.float64]:
        """(d,) float64 standard deviation of each feature; 1 where it hardly varies."""
        filled = np.where(np.isfinite(self.values), self.values, self.middle)
        deviation = filled.std(0)
        return np.where(deviation > 1e-6, deviation, 1.0)

    def in_space(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return (n, d) features in units of this profile's spread, NaN at its middle."""
        filled = np.where(np.isfinite(features), features, self.middle)
        return (filled - self.middle) / self.spread


def profile_of(masks: Sequence[Mask]) -> tuple[Profile, list[Look]]:
    """Return the profile of masks, and the look at each; empty masks are not in the profile."""
    class_ids = classes_of(masks)
    bare = [(look_at(mask, class_ids), cells_of(mask.labels)) for mask in masks]
    places = PlaceMap([cells for look, cells in bare if look.classes])
    looks = [_completed(look, places.usualness(cells, bool(look.classes))) for look, cells in bare]
    names = (*feature_names(class_ids), PLACES)
    full = [look.features for look in looks if look.classes]
    values = np.stack(full) if full else np.empty((0, len(names)))
    return Profile(class_ids, names, values, places), looks


def classes_of(masks: Sequence[Mask]) -> tuple[int, ...]:
    """Return the foreground classes that occur in any of the masks, ascending."""
    present = np.zeros(256, bool)
    for mask in masks:
        present |= np.bincount(mask.labels.ravel(), minlength=256) > 0
    return tuple(int(k) for k in np.flatnonzero(present[1:]) + 1)


def _completed(look: Look, usual: float) -> Look:
    return Look(look.classes, look.moments, look.objects, np.append(look.features, usual))
