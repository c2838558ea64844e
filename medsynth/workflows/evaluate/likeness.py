"""How much images look like copies of a training image, and whether held-out ones are copies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from medsynth.quality.copies import COPY_SCORE, CopyDetector
from medsynth.workflows.evaluate.sets import EvaluatedSets


@dataclass(frozen=True, eq=False)
class Likeness:
    """What the copy detector says.

    made: (N,) scores of the samples, 1 for the pixels of a training image.
    originals: (N,) index of the training image that each is most like.
    held_out: (M,) scores of the real held-out images.
    """

    made: NDArray[np.float64]
    originals: NDArray[np.int64]
    held_out: NDArray[np.float64]

    @property
    def leaked(self) -> NDArray[np.bool_]:
        """(M,) whether a held-out image is itself as like a training image as copies are."""
        return self.held_out >= COPY_SCORE

    @property
    def scale(self) -> NDArray[np.bool_]:
        """(M,) whether a held-out image may tell what is usual: no copy, unless all of them are."""
        return ~self.leaked | self.leaked.all()


def likeness(sets: EvaluatedSets) -> Likeness:
    """Return how much samples and held-out images look like copies."""
    train, held_out, made = sets.train, sets.held_out, sets.made
    detector = CopyDetector().fit(train.images, labels=train.labels)
    usual, _ = detector.score(held_out.images, labels=held_out.labels)
    return Likeness(*detector.score(made.images, labels=made.labels), usual)


def leaks(found: Likeness) -> list[str]:
    """Say how many held-out images show what a training image shows."""
    count, of = int(found.leaked.sum()), len(found.leaked)
    if not count:
        return []
    role = "set no scale here for what is near" if count < of else "are all the scale there is"
    return [
        f"{count} of the {of} real held-out images are as like a training image as copies are, "
        f"and {role}. If they are duplicates, or frames of one video, the split leaks, and real "
        "images look better here than new ones would: medsynth doctor names pairs that are nearly "
        "the same; give those one group in groups.csv, and fit again."
    ]
