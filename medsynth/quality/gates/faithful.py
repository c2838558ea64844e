"""The gate against images that do not show the mask they were made from."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from medsynth.quality.gates.gate import GateContext, Pairs, Verdict, calibrated
from medsynth.quality.overlap import mean_dice


class Faithful:
    """Scores the Dice of what a cross-fitted segmenter sees with the mask that was asked for.

    Real held-out images set the scale: where the segmenter finds little even in these, the
    threshold is low and the gate says so in its figures.
    """

    summary: ClassVar[str] = "refuses images in which a segmenter does not find their mask"
    complaint: ClassVar[str] = "do not show their mask"

    def __init__(self, context: GateContext) -> None:
        self.context = context
        self.held_out = self._scores(context.held_out)

    @property
    def about(self) -> dict[str, float | str]:
        """The Dice that real held-out images reach."""
        if not len(self.held_out):
            return {"real_images": 0}
        threshold = float(np.quantile(self.held_out, self.context.rate))
        return {
            "real_images": len(self.held_out),
            "real_mean_dice": round(float(self.held_out.mean()), 4),
            "threshold": round(threshold, 4),
        }

    def judge(self, pairs: Pairs) -> list[Verdict]:
        """Return Dice, the mean over the classes of the mask."""
        return calibrated(self._scores(pairs), self.held_out, self.context.rate)

    def _scores(self, pairs: Pairs) -> NDArray[np.float64]:
        if not len(pairs):
            return np.zeros(0)
        shown = self.context.predict(pairs.images, pairs.groups)
        found = [mean_dice(a, b) for a, b in zip(shown, pairs.labels, strict=True)]
        return np.array(found)
