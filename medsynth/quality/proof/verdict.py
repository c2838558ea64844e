"""From paired scores to a sentence: helps, hurts, or no evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import hypot, inf, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from medsynth.core.seeds import generator
from medsynth.core.words import counted
from medsynth.quality.bootstrap import draw_groups, percentiles

DRAWS = 4000
BLOCK = 500
"""Draws at a time: many groups, as images without patients are, take memory."""
MOST_SEEDS = 1000
"""More would settle nothing that matters."""
NORMAL = 1.96
"""What `quantile` is of very many, and what percentiles go by."""
FEW_GROUPS = 10
UNKNOWN = (-1.0, 1.0)
"""The interval of what rests on one group or one seed: any difference there is."""
Word = Literal["helps", "hurts", "no evidence"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One arm against another, on the same test images with the same seeds.

    gain: mean difference in Dice. low, high: its interval at 95 %, within [-1, 1]; all of that
        where there is one group or one seed, which tells nothing of others.
    seeds, groups, images: how much it rests on. groups_gained: in how many groups the arm is the
        better one, over all seeds; one large gain makes a mean, but not a majority.
    seeds_to_settle: seeds in all with which the interval should exclude zero, if the gain stays;
        None where no number of seeds would do, or where it excludes zero already.
    """

    gain: float
    low: float
    high: float
    word: Word
    seeds: int
    groups: int
    images: int
    groups_gained: int
    seeds_to_settle: int | None


def compare(
    arm: NDArray[np.float64],
    base: NDArray[np.float64],
    groups: Sequence[str],
    seed: int = 0,
) -> Comparison:
    """Compare two arms by a paired bootstrap over groups and over seeds.

    Groups (patients, videos) are drawn with replacement and their images pooled, as one would
    meet other patients; seeds are drawn so apart from them, as one would train again. Percentiles
    of few draws of either lie too near to one another: each part is widened as Student's t is
    wider than the normal distribution and as the spread of a sample is less than that of what it
    was drawn from (Hesterberg 2015, arXiv:1411.5279). Then both are added as independent errors
    are, in squares. `tests/benchmarks/verdicts.py` tells how often arms that do not differ are
    called different.

    Args:
        arm: (S, N) Dice of S seeds on N test images.
        base: the same of what it is compared with, seed by seed.
        groups: of the N images.
        seed: of the bootstrap.

    Raises:
        ValueError: shapes differ, or there is nothing.
    """
    if arm.shape != base.shape or arm.ndim != 2 or arm.shape[1] != len(groups) or not arm.size:
        raise ValueError(f"arms of equal shape (S, N) with N groups, not {arm.shape}, {base.shape}")
    difference = arm - base
    names, member = np.unique(np.asarray(groups), return_inverse=True)
    sizes = np.bincount(member).astype(np.float64)  # (G,)
    sums: NDArray[np.float64] = np.array([np.bincount(member, row) for row in difference])  # (S, G)
    gain = float(difference.mean())
    rng = generator(seed, "proof")
    errors = (
        errors_of(sums.mean(0), sizes, gain, rng),
        errors_of(difference.mean(1), np.ones(len(arm)), gain, rng),
    )
    below, above = (hypot(*sides) for sides in zip(*errors, strict=True))
    low, high = max(gain - below, -1.0), min(gain + above, 1.0)
    word: Word = "helps" if low > 0 else "hurts" if high < 0 else "no evidence"
    more = None if word != "no evidence" else seeds_to_settle(sums, sizes, gain)
    gained = int((sums.mean(0) > 0).sum())
    return Comparison(gain, low, high, word, len(arm), len(names), arm.shape[1], gained, more)


def errors_of(
    sums: NDArray[np.float64], sizes: NDArray[np.float64], mean: float, rng: np.random.Generator
) -> tuple[float, float]:
    """Return how far below and above a mean its 95 % interval reaches, by resampling.

    Args:
        sums: (K,) of what is resampled, groups or seeds.
        sizes: (K,) of how many values each is the sum.
        mean: of all values.
        rng: draws them.

    >>> errors_of(np.array([0.02]), np.array([1.0]), 0.02, np.random.default_rng(0))
    (inf, inf)
    """
    count = len(sums)
    if count < 2:
        return inf, inf
    drawn = (draw_groups(count, rng, BLOCK) for _ in range(DRAWS // BLOCK))
    low, high = percentiles(np.concatenate([each @ sums / (each @ sizes) for each in drawn]))
    wide = quantile(count) / NORMAL * sqrt(count / (count - 1))
    return max(mean - low, 0.0) * wide, max(high - mean, 0.0) * wide


def quantile(count: int) -> float:
    """Return how many standard errors an interval at 95 % goes to either side of a mean."""
    return float(stdtrit(count - 1, 0.975))


def seeds_to_settle(
    sums: NDArray[np.float64], sizes: NDArray[np.float64], gain: float
) -> int | None:
    """Return with how many seeds the interval should exclude zero; None: with no number.

    Two variances make the interval: that of the groups' means, a part of which is each seed's luck
    on each group, and that of the seeds' means. More seeds lessen the luck and the latter.

    Args:
        sums: (S, G) summed differences of each seed and group.
        sizes: (G,) images of each group.
        gain: the mean difference.
    """
    seeds, groups = sums.shape
    if seeds < 2 or groups < 2 or gain == 0:
        return None
    between_seeds = float((sums.sum(1) / sizes.sum()).var(ddof=1))
    residual = sums.mean(0) - gain * sizes
    seen = float(groups / (groups - 1) * (residual**2).sum() / sizes.sum() ** 2)
    cells = sums - sums.mean(0) - np.outer(sums.sum(1) / sizes.sum() - gain, sizes)
    luck = float(groups / (groups - 1) * (cells**2).sum() / (seeds - 1) / sizes.sum() ** 2)
    between_groups = max(seen - luck / seeds, 0.0)

    def reach(count: int) -> float:
        by_groups = quantile(groups) ** 2 * (between_groups + luck / count)
        return sqrt(by_groups + quantile(count) ** 2 * between_seeds / count)

    more = range(seeds + 1, MOST_SEEDS + 1)
    return next((count for count in more if reach(count) < abs(gain)), None)


def in_words(found: Comparison, arm: str, base: str) -> str:
    """Return a comparison as sentences for whoever has to decide."""
    known = (found.low, found.high) != UNKNOWN
    bounds = f"{interval(found.low, found.high)}, 95 % interval" if known else "no interval"
    figures = (
        f"{points(found.gain)} Dice points ({bounds} over {counted(found.groups, 'test group')}, "
        f"{found.groups_gained} of them better, and {counted(found.seeds, 'seed')})"
    )
    if found.word == "helps":
        said = f"{arm} helps: {figures} over {base}."
    elif found.word == "hurts":
        said = f"{arm} hurts: {figures} against {base}."
    else:
        said = f"No evidence that {arm} helps or hurts: {figures} against {base}."
    return " ".join([said, *caveats(found)])


def points(difference: float) -> str:
    """Return a difference in Dice points; what is nothing at one decimal has a second one.

    The bound that decides between "hurts" and "no evidence" is often that near to zero.

    >>> points(0.0126), points(-0.0004), points(0.00004)
    ('+1.3', '-0.04', '0.0')
    """
    shown = f"{100 * difference:+.1f}"
    if float(shown):
        return shown
    finer = f"{100 * difference:+.2f}"
    return finer if float(finer) else "0.0"


def interval(low: float, high: float) -> str:
    """Return an interval of differences in Dice points.

    >>> interval(-0.0213, -0.0004), interval(-1.0, 1.0)
    ('-2.1 to -0.04', 'unknown')
    """
    return "unknown" if (low, high) == UNKNOWN else f"{points(low)} to {points(high)}"


def caveats(found: Comparison) -> Iterator[str]:
    """Yield what would settle an open comparison, and what it rests on too little."""
    if found.low == found.high:
        yield "They do not differ at all."
    elif found.word == "no evidence" and found.seeds > 1 and found.groups > 1:
        more = found.seeds_to_settle
        yield (
            "More seeds would not settle it: the test groups differ too much, or are too few."
            if more is None
            else f"About {more} seeds in all would settle it, if the gain stays."
        )
    if found.seeds < 2:
        yield "A single seed tells nothing about chance; run more."
    if found.groups < 2:
        yield "A single test group tells nothing about others."
    elif found.groups < FEW_GROUPS:
        yield (
            f"Only {counted(found.groups, 'test group')}: intervals this small a sample gives are "
            "rough."
        )
