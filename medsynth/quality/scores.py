"""Measures of one set of features against another, each with the extractor that it is from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from medsynth.core.errors import UsageError
from medsynth.quality.bootstrap import DRAWS, Interval, bootstrap, group_weights, weighted_mean
from medsynth.quality.cmmd import cmmd
from medsynth.quality.discrepancy import discrepancy_interval
from medsynth.quality.features.extractor import Identity
from medsynth.quality.features.feature_set import FeatureSet, common_identity
from medsynth.quality.frechet import frechet_distance, gaussian_of
from medsynth.quality.kid import cubic_kernel, kernel_distance
from medsynth.quality.manifold import NEIGHBOURS, manifold, reached


@dataclass(frozen=True, slots=True)
class Score:
    """A number, and what it is a number of.

    measure: its name, for example "kid".
    value: the number.
    extractor: what the features are from; numbers of others are on another scale.
    real: real images.
    made: made images.
    interval: 95 %, groups resampled; None where resampling would mislead (FID's bias grows
        with each image that a resample leaves out).
    """

    measure: str
    value: float
    extractor: Identity
    real: int
    made: int
    interval: Interval | None = None

    def minus(self, other: Score) -> float:
        """Return by how much the value lies above another's.

        Raises:
            UsageError: it is another measure, or of another extractor.
        """
        if (self.measure, self.extractor) != (other.measure, other.extractor):
            raise UsageError(
                f"{self.measure} of {self.extractor} and {other.measure} of {other.extractor} "
                "are on different scales.",
                "Compare numbers of one measure and one extractor.",
            )
        return self.value - other.value


def fidelity(
    real: FeatureSet,
    made: FeatureSet,
    rng: np.random.Generator,
    real_groups: ArrayLike | None = None,
    made_groups: ArrayLike | None = None,
    draws: int = DRAWS,
    among: int | None = None,
) -> dict[str, Score]:
    """Return FID, KID, precision, recall, density and coverage by name; of CLIP also CMMD.

    Args:
        real: features of real images, at least two.
        made: features of made images, at least two, of the same extractor.
        rng: draws resamples.
        real_groups: (N,) patients or sequences of the real images; each its own if not given.
        made_groups: the same, (M,), for example of the masks that they were made from. KID compares
            no image with others of its group, unless a set has one group alone.
        draws: resamples an interval.
        among: recall and coverage as of so many made images, at least two; None: of all.

    Raises:
        UsageError: the two are of different extractors.
        ValueError: fewer than two images.
    """
    extractor = common_identity(real, made)
    of_real = np.arange(len(real)) if real_groups is None else np.asarray(real_groups)
    of_made = np.arange(len(made)) if made_groups is None else np.asarray(made_groups)

    def score(measure: str, value: float, interval: Interval | None = None) -> Score:
        return Score(measure, value, extractor, len(real), len(made), interval)

    known = [each if _several(each) else None for each in (of_real, of_made)]
    kid = kernel_distance(real.values, made.values, *known)
    spread = None
    if _several(of_real) and _several(of_made):
        spread = discrepancy_interval(
            cubic_kernel, real.values, made.values, of_real, of_made, rng, draws
        )
    gaussians = [gaussian_of(each.values) for each in (real, made)]
    found = [
        score("fid", frechet_distance(*gaussians)),
        score("kid", kid, spread),
    ]
    if extractor.name == "clip":
        found.append(score("cmmd", cmmd(real.values, made.values)))
    shares = _shares(real, made, of_real, of_made, among or len(made), rng)
    for measure, (each, own) in shares.items():
        weights = group_weights(own, rng, draws)
        interval = bootstrap(weighted_mean(each), [weights]) if _several(own) else None
        found.append(score(measure, float(each.mean()), interval))
    return {each.measure: each for each in found}


def _shares(
    real: FeatureSet,
    made: FeatureSet,
    of_real: NDArray[Any],
    of_made: NDArray[Any],
    among: int,
    rng: np.random.Generator,
) -> dict[str, tuple[NDArray[np.float64], NDArray[Any]]]:
    """Return measure -> what each image adds to its mean, and the groups of these images."""
    found = manifold(real.values, made.values, NEIGHBOURS)
    recall, coverage = reached(real.values, made.values, found, among, rng)
    return {
        "precision": ((found.made_in_real > 0).astype(np.float64), of_made),
        "recall": (recall, of_real),
        "density": (found.made_in_real / found.neighbours, of_made),
        "coverage": (coverage, of_real),
    }


def _several(groups: NDArray[Any]) -> bool:
    return len(np.unique(groups)) > 1
