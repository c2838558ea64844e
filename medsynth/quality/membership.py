"""Membership inference by loss (Yeom et al., CSF 2018): does a model betray what it was fitted on?

If a threshold on the loss tells train from held-out images, so could an attacker.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medsynth.quality.bootstrap import DRAWS, Interval, bootstrap, group_weights

Losses = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Membership:
    """How well losses tell train from held-out images.

    auc: probability that a train image has the lower loss: 0.5 tells nothing, 1 all.
    interval: of the AUC, groups resampled; None where a set has fewer than two groups.
    advantage: best true minus false positive rate of any threshold, in [0, 1].
    """

    auc: float
    interval: Interval | None
    advantage: float


def membership(
    train: Losses,
    held_out: Losses,
    rng: np.random.Generator,
    train_groups: ArrayLike | None = None,
    held_out_groups: ArrayLike | None = None,
    draws: int = DRAWS,
) -> Membership:
    """Return what the losses of train and held-out images betray.

    Args:
        train: (N,) mean loss of each image that the model was fitted on, over the same noise.
        held_out: (M,) of images of other groups.
        rng: draws resamples.
        train_groups: (N,) the group of each image; each its own where not given.
        held_out_groups: the same, (M,).
        draws: resamples.

    Raises:
        ValueError: a set is empty, or has a loss that is not finite.
    """
    if not (len(train) and len(held_out) and np.isfinite([*train, *held_out]).all()):
        raise ValueError("an attack needs finite losses of train and of held-out images")
    below = wins(train, held_out)
    of_train = np.arange(len(train)) if train_groups is None else np.asarray(train_groups)
    of_rest = np.arange(len(held_out)) if held_out_groups is None else np.asarray(held_out_groups)
    interval = None
    if min(len(np.unique(of_train)), len(np.unique(of_rest))) > 1:
        weights = [group_weights(groups, rng, draws) for groups in (of_train, of_rest)]
        interval = bootstrap(lambda a, b: float(a @ below @ b / (a.sum() * b.sum())), weights)
    return Membership(float(below.mean()), interval, advantage(train, held_out))


def wins(train: Losses, held_out: Losses) -> NDArray[np.float64]:
    """Return (N, M): 1 where the train image has the lower loss, 0.5 where both are equal."""
    difference = np.sign(held_out[None].astype(np.float64) - train[:, None].astype(np.float64))
    return np.asarray((difference + 1) / 2)


def advantage(train: Losses, held_out: Losses) -> float:
    """Return the largest share of train minus share of held-out losses below any threshold."""
    thresholds = np.concatenate([train, held_out])
    caught = np.searchsorted(np.sort(train), thresholds, side="right") / len(train)
    false = np.searchsorted(np.sort(held_out), thresholds, side="right") / len(held_out)
    return float(max((caught - false).max(), 0.0))
