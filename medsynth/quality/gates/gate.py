"""The contract of a gate: the group `medsynth.gates`.

A plugin registers a class under that group::

    [project.entry-points."medsynth.gates"]
    mine = "my_package.mine:Mine"
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
from numpy.typing import NDArray

from medsynth.core.registry import Registry

BLOCK = 64
"""Pairs that are looked at together where there are many."""
Groups = Sequence[frozenset[str]]
"""The groups that each image derives from; empty where that is not known."""
Predict = Callable[[NDArray[np.uint8], Groups], NDArray[np.uint8]]
"""(N, H, W, C) uint8 images and their groups to (N, H, W) uint8 class ids: what they show, of each
said by one network that was not fitted on its groups, or, of several, not on all."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """Images with masks in memory.

    images: (N, H, W, C) uint8.
    labels: (N, H, W) uint8 class ids.
    groups: of each pair.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]
    groups: Groups

    def __len__(self) -> int:
        return len(self.images)

    def rows(self, which: Sequence[int]) -> Pairs:
        """Return some of the pairs."""
        chosen = np.asarray(which, np.int64)
        return Pairs(self.images[chosen], self.labels[chosen], [self.groups[k] for k in which])

    def blocks(self, size: int = BLOCK) -> Iterator[slice]:
        """Yield the places of blocks of pairs, in order, so that not all need be held at once."""
        return (slice(k, min(k + size, len(self))) for k in range(0, len(self), size))

    def part(self, rows: slice) -> Pairs:
        """Return the pairs of one block, without copying them."""
        return Pairs(self.images[rows], self.labels[rows], self.groups[rows])


@dataclass(frozen=True, eq=False)
class GateContext:
    """What a gate may be made from.

    train: the real pairs that the generator was fitted on.
    held_out: real pairs to calibrate on: those of val, or of train where val has too few.
    predict: says what images show.
    rate: the share of the held-out images that the gate may refuse.
    most_saturated: the share of black and white values that an image may have; None: as the
        held-out images have it.
    """

    train: Pairs
    held_out: Pairs
    predict: Predict
    rate: float
    most_saturated: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate found of one image.

    score: higher is better; its meaning is the gate's.
    threshold: the least that passes.
    percentile: the share of held-out real images with a lower score; None where unknown.
    """

    score: float
    threshold: float
    percentile: float | None

    @property
    def passed(self) -> bool:
        """Whether the image passes."""
        return self.score >= self.threshold

    def to_json(self) -> dict[str, float | bool | None]:
        """Return plain values, rounded."""
        return {
            "score": round(self.score, 4),
            "threshold": round(self.threshold, 4),
            "percentile": None if self.percentile is None else round(self.percentile, 4),
            "passed": self.passed,
        }


class Gate(Protocol):
    """Scores images."""

    summary: ClassVar[str]
    complaint: ClassVar[str]
    """What is wrong with an image that fails, for the sentence "so many images ..."."""

    def __init__(self, context: GateContext) -> None:
        """Fit what there is to fit, and calibrate."""

    @property
    def about(self) -> dict[str, float | str]:
        """Figures of the calibration, for the run's record.

        warning: a sentence that users are told. cannot_judge: true where the verdicts mean nothing;
        the gate then only scores, unless it was told by its name to refuse.
        """

    def judge(self, pairs: Pairs) -> list[Verdict]:
        """Judge synthetic images with the masks that were asked for; deterministic."""


GATES: Registry[type[Gate]] = Registry("medsynth.gates", "gate")
"""Gate name -> class."""


def calibrated(
    scores: NDArray[np.float64],
    held_out: NDArray[np.float64],
    rate: float,
    unknown: float = 0.0,
) -> list[Verdict]:
    """Return verdicts whose threshold is a quantile of what real held-out images score.

    Args:
        scores: (N,) of synthetic images, 0 or more.
        held_out: (M,) of real ones, from 0 on.
        rate: the quantile.
        unknown: the threshold where there are none; 0: everything passes.
    """
    if not len(held_out):
        return [Verdict(float(score), unknown, None) for score in scores]
    threshold = float(np.quantile(held_out, rate))
    ordered = np.sort(held_out)
    below = np.searchsorted(ordered, scores) / len(ordered)
    return [Verdict(float(s), threshold, float(p)) for s, p in zip(scores, below, strict=True)]
