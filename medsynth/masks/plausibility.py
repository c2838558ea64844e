"""Plausibility: what a mask's figures break of the rules that the training masks set.

A rule holds one feature between two quantiles of the training masks, widened where they are
few. A mask may be as odd as the real one that it comes from: without that, masks of unusual
training masks would never be accepted, and the new set would be narrower than the real one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medsynth.masks.profile import PLACES, Profile

GRAINS = {
    "area": 0.03,
    "object count": 0.1,
    "object size": 0.03,
    "row": 0.02,
    "column": 0.02,
    "eccentricity": 0.1,
    "solidity": 0.02,
    "roughness": 0.02,
    "border": 0.005,
    "contact": 0.02,
    PLACES: 0.01,
}
"""The smallest difference of each kind of feature that could be seen in a picture."""
FEW = 30
"""With so many training masks grains count twice: what none of them shows, one in ten may."""
UNSEEN = 2.5
"""The extremes of n normal values leave about so many n-th parts of their distance to be seen
at either end, before 98 in 100 values lie within."""
RULES_OF_ONE_TAIL = 12
"""With more features than this each rule gets a thinner tail, so that all of them together
refuse about as many of the training masks."""


@dataclass(frozen=True, slots=True)
class Breach:
    """A rule that a mask breaks: its feature, the value, the bounds, how far beyond.

    excess: distance to the nearer bound, in widths of the interval.
    """

    rule: str
    value: float
    low: float
    high: float
    excess: float

    def in_words(self) -> str:
        """Return for example "solidity 0.61, where training masks have 0.84 to 1.00"."""
        bounds = f"{self.low:.3g} to {self.high:.3g}"
        return f"{self.rule} {self.value:.3g}, where training masks have {bounds}"


@dataclass(frozen=True, slots=True, eq=False)
class Rules:
    """Bounds of each feature.

    names: d texts. low, high: (d,) float64. margin: (d,) float64, by which a mask may be
    odder than an odd source.
    """

    names: tuple[str, ...]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    margin: NDArray[np.float64]

    def bounds(
        self, source: NDArray[np.float64]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return (d,) lower and upper bounds for what comes from a source of (d,) features."""
        return np.fmin(self.low, source - self.margin), np.fmax(self.high, source + self.margin)

    def worst_breach(
        self, features: NDArray[np.float64], source: NDArray[np.float64]
    ) -> Breach | None:
        """Return the rule that is broken most, or None.

        Args:
            features: (d,) of the new mask; what is NaN breaks no rule.
            source: (d,) of the mask that it comes from.
        """
        low, high = self.bounds(source)
        beyond = np.fmax(np.fmax(low - features, features - high), 0.0)
        if not (beyond > 0).any():
            return None
        width = np.maximum(high - low, np.maximum(self.margin, 1e-6))
        excess = np.nan_to_num(beyond / width, nan=0.0, posinf=0.0)
        k = int(np.argmax(excess))
        return Breach(self.names[k], *(float(v[k]) for v in (features, low, high, excess)))


def rules_of(profile: Profile, quantile: float, tolerance: float) -> Rules:
    """Return the bounds that the training masks set.

    Args:
        profile: of the training masks, at least one.
        quantile: of their values below the lower bound, and as many above the upper.
        tolerance: how far the bounds are moved apart, as a share of their distance.
    """
    tail = quantile * min(1.0, RULES_OF_ONE_TAIL / len(profile.names))
    known = np.isfinite(profile.values).any(0)
    values = np.where(known, profile.values, 0.0)
    low, high = np.nanquantile(values, [tail, 1 - tail], axis=0)
    count = len(profile.values)
    margin = np.maximum(
        _grains(profile.names) * (1 + FEW / count), (tolerance + UNSEEN / count) * (high - low)
    )
    low = np.where(known, low - margin, -np.inf)
    high = np.where(known, high + margin, np.inf)
    high[profile.names.index(PLACES)] = np.inf  # no place is too usual
    return Rules(profile.names, low, high, margin)


def _grains(names: tuple[str, ...]) -> NDArray[np.float64]:
    kinds = [name.partition(" of class")[0] for name in names]
    return np.array([GRAINS[kind] for kind in kinds])
