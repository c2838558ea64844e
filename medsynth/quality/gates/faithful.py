"""The gate against images that do not show the mask they were made from."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from medsynth.quality.gates.gate import GateContext, Pairs, Verdict, calibrated
from medsynth.quality.masks_of_others import masks_of_others
from medsynth.quality.overlap import mean_dice

MOST_PASSING = 0.5
"""A gate that lets more real images than this pass with another patient's mask is none."""

MISSED, SEES = 0.05, 0.5
"""Dice below which an image's objects were not found, and from which on segmenters see."""


class Faithful:
    """Scores the Dice of what a cross-fitted segmenter sees with the mask that was asked for.

    Real held-out images set the scale: where the segmenter finds little even in these, the
    threshold is low. How many of them would pass with the mask of another group tells whether
    the gate can judge at all; where it cannot, it says so.
    """

    summary: ClassVar[str] = "refuses images in which a segmenter does not find their mask"
    complaint: ClassVar[str] = "do not show their mask"

    def __init__(self, context: GateContext) -> None:
        self.context = context
        self.held_out, self.wrong = self._calibrate(context.held_out)

    @property
    def about(self) -> dict[str, float | str]:
        """The Dice that real held-out images reach, and how many pass with others' masks."""
        if not len(self.held_out):
            return {"real_images": 0}
        threshold = float(np.quantile(self.held_out, self.context.rate))
        found: dict[str, float | str] = {
            "real_images": len(self.held_out),
            "real_mean_dice": round(float(self.held_out.mean()), 4),
            "threshold": round(threshold, 4),
        }
        if len(self.wrong):
            passing = float((self.wrong >= threshold).mean())
            found["passing_with_others_masks"] = round(passing, 4)
            if passing > MOST_PASSING:
                found["cannot_judge"] = True
                found["warning"] = self._cannot_judge(threshold, passing)
        return found

    def _cannot_judge(self, threshold: float, passing: float) -> str:
        mean, count, rate = self.held_out.mean(), len(self.held_out), self.context.rate
        said = (
            "the gate faithful cannot judge whether images show their masks: its segmenters reach "
            f"a mean Dice of {mean:.2f} on {count} real held-out images, its threshold is "
            f"{threshold:.2f}, and {passing:.0%} of these images pass it with the mask of another "
            "patient."
        )
        if threshold < MISSED and mean >= SEES:
            return (
                f"{said} They see most of these images well and miss {rate:.0%} altogether, which "
                f"sets the threshold: gates.rate={2 * rate:g} would set it by what twice as many "
                "fall short of."
            )
        return (
            f"{said} Give the segmenters more steps (gates.segmenter.steps), an encoder that has "
            "learned from photographs (gates.segmenter.network=mobilenet-unet) or more training "
            "pairs, and look at the samples."
        )

    def judge(self, pairs: Pairs) -> list[Verdict]:
        """Return Dice, the mean over the classes of the mask."""
        return calibrated(self._scores(pairs), self.held_out, self.context.rate)

    def _scores(self, pairs: Pairs) -> NDArray[np.float64]:
        if not len(pairs):
            return np.zeros(0)
        shown = self.context.predict(pairs.images, pairs.groups)
        return dice_of_each(shown, pairs.labels)

    def _calibrate(self, pairs: Pairs) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the scores of real images with their masks, and with those of other groups."""
        others = masks_of_others(pairs.groups)
        own, wrong = [np.zeros(0)], [np.zeros(0)]
        for rows in pairs.blocks():
            part, some = pairs.part(rows), others[rows] >= 0
            shown = self.context.predict(part.images, part.groups)
            own.append(dice_of_each(shown, part.labels))
            wrong.append(dice_of_each(shown[some], pairs.labels[others[rows][some]]))
        return np.concatenate(own), np.concatenate(wrong)


def dice_of_each(shown: NDArray[np.uint8], asked: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the (N,) Dice of what (N, H, W) masks show with what was asked for."""
    return np.array([mean_dice(a, b) for a, b in zip(shown, asked, strict=True)], np.float64)
