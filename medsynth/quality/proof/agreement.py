"""How well predicted masks agree with true ones, image by image and class by class."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medsynth.quality.outlines import hausdorff95_px


@dataclass(frozen=True, eq=False)
class Agreement:
    """Scores of predicted masks.

    dice, iou: (N, K) in [0, 1] for the K classes without the background; NaN where neither
        mask has the class.
    hd95_px: (N, K) the 95th percentile of the distances between outlines, in pixels; the
        picture's diagonal where just one of the two masks has the class, NaN where neither has.
    """

    dice: NDArray[np.float64]
    iou: NDArray[np.float64]
    hd95_px: NDArray[np.float64]

    def per_image(self) -> NDArray[np.float64]:
        """Return (N,) mean Dice over the classes that there are; 1 where there are none."""
        return mean_of_known(self.dice)


def mean_of_known(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the (N,) means of (N, K) without NaN; 1 where all are."""
    known = ~np.isnan(scores)
    total = np.where(known, scores, 0).sum(1)
    mean: NDArray[np.float64] = np.where(known.any(1), total / np.maximum(known.sum(1), 1), 1.0)
    return mean


def agreement(
    shown: NDArray[np.uint8], truth: NDArray[np.uint8], classes: int, with_hd95: bool = True
) -> Agreement:
    """Compare predicted with true masks.

    Args:
        shown: (N, H, W) uint8 class ids.
        truth: the same.
        classes: number of classes, the background included.
        with_hd95: also the distances, which take longer; NaN otherwise.
    """
    n = len(truth)
    dice = np.full((n, classes - 1), np.nan)
    iou, hd95 = dice.copy(), dice.copy()
    for each in range(1, classes):
        a, b = shown == each, truth == each
        both = (a & b).sum((1, 2)).astype(np.float64)
        total = (a.sum((1, 2)) + b.sum((1, 2))).astype(np.float64)
        some = total > 0
        dice[some, each - 1] = 2 * both[some] / total[some]
        iou[some, each - 1] = both[some] / (total - both)[some]
        if with_hd95:
            hd95[some, each - 1] = hausdorff95(a[some], b[some])
    return Agreement(dice, iou, hd95)


def hausdorff95(a: NDArray[np.bool_], b: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return (N,) 95th percentiles of the outlines' distances in pixels, of (N, H, W) masks."""
    found = np.full(len(a), float(np.hypot(*a.shape[1:])))
    whole = a.any((1, 2)) & b.any((1, 2))
    for k in np.flatnonzero(whole):
        found[k] = hausdorff95_px(a[k], b[k])
    return found
