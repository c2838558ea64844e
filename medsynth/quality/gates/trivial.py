"""The gate against images that show nothing: black, of one colour, saturated."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from medsynth.quality.gates.gate import GateContext, Pairs, Verdict

FLAT_STD = 2.0
"""Grey levels; an image whose standard deviation is smaller is of one colour."""
SATURATED = 0.9
"""Of an image's values; so many at 0 or 255 leave nothing to be seen"""


class Trivial:
    """Scores contrast; a saturated image has none.

    Where real images are saturated themselves, as of fluorescence on black, an image may be
    half-way from the most saturated of these to all black.
    """

    summary: ClassVar[str] = "refuses black, flat and saturated images"
    complaint: ClassVar[str] = "show nothing"

    def __init__(self, context: GateContext) -> None:
        known = context.most_saturated
        self.most_saturated = most_saturated(context.held_out) if known is None else known

    @property
    def about(self) -> dict[str, float | str]:
        """The bounds."""
        return {"least_std": FLAT_STD, "most_saturated": round(self.most_saturated, 4)}

    def judge(self, pairs: Pairs) -> list[Verdict]:
        """Return the standard deviation in grey levels; 0 for saturated images."""
        saturated = saturation_of(pairs.images) > self.most_saturated
        scores = np.where(saturated, 0.0, contrast_of(pairs.images))
        return [Verdict(float(score), FLAT_STD, None) for score in scores]


def most_saturated(real: Pairs) -> float:
    """Return how saturated an image may be, given real ones."""
    parts = (saturation_of(real.images[rows]) for rows in real.blocks())
    most = max((float(part.max()) for part in parts), default=0.0)
    return max(SATURATED, (most + 1) / 2)


def contrast_of(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return (N,) standard deviations of the channel that has most, of (N, H, W, C) uint8."""
    spread: NDArray[np.float64] = images.astype(np.float64).std((1, 2)).max(1)
    return spread


def saturation_of(images: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return (N,) shares of values that are 0 or 255."""
    shares: NDArray[np.float64] = ((images == 0) | (images == 255)).mean((1, 2, 3))
    return shares
