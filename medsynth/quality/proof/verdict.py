"""From paired scores to a sentence: helps, hurts, or no evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil, inf, isfinite, sqrt
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from medsynth.core.seeds import generator
from medsynth.core.words import counted
from medsynth.quality.bootstrap import draw_groups, percentiles

DRAWS = 4000
NORMAL = 1.96
"""What `quantile` is of very many groups, and what percentiles go by."""
FEW_GROUPS = 10
Word = Literal["helps", "hurts", "no evidence"]


@dataclass(frozen=True, slots=True)
class Comparison:
    """One arm against another, on the same test images with the same seeds.

    gain: mean difference in Dice. low, high: its interval at 95 %, within [-1, 1]; all of that
        where there is one group, which tells nothing of others.
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
    """Compare two arms by a paired bootstrap over groups, then seeds.

    Groups (patients, videos) are drawn with replacement and their images pooled, as one would
    meet other patients; then seeds, as one would train again. Percentiles of so few groups lie
    too near to one another: they are widened as Student's t is wider than the normal distribution
    and as the spread of a sample is less than that of what it was drawn from (Hesterberg 2015,
    arXiv:1411.5279). Of 1000 pairs of arms that do not differ, 2 groups call 3 % different instead
    of 45, 6 groups 6 % instead of 16, 25 groups 6 % instead of 7.

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
    names = sorted(set(groups))
    member = np.array([[group == name for group in groups] for name in names], np.float64)
    sums, sizes = difference @ member.T, member.sum(1)  # (S, G), (G,)
    rng = generator(seed, "proof")
    chosen, seeds = (draw_groups(count, rng, DRAWS) for count in (len(names), len(arm)))
    means = (seeds @ sums * chosen).sum(1) / (chosen @ sizes * len(arm))
    gain = float(difference.mean())
    low, high = widened(percentiles(means), gain, len(names))
    word: Word = "helps" if low > 0 else "hurts" if high < 0 else "no evidence"
    more = None if word != "no evidence" else seeds_to_settle(sums, sizes, gain)
    gained = int((sums.mean(0) > 0).sum())
    return Comparison(gain, low, high, word, len(arm), len(names), arm.shape[1], gained, more)


def widened(percentile: tuple[float, float], gain: float, groups: int) -> tuple[float, float]:
    """Return the interval that percentiles of so many resampled groups stand for; see `compare`.

    >>> low, high = widened((-0.01, 0.03), 0.01, 25)
    >>> round(low, 4), round(high, 4)
    (-0.0115, 0.0315)
    >>> widened((0.01, 0.01), 0.01, 1)
    (-1.0, 1.0)
    """
    if groups < 2:
        return -1.0, 1.0
    wide = quantile(groups) / NORMAL * sqrt(groups / (groups - 1))
    low, high = (gain + (bound - gain) * wide for bound in percentile)
    return max(low, -1.0), min(high, 1.0)


def quantile(groups: int) -> float:
    """Return how many standard errors an interval at 95 % goes to either side of a mean."""
    return float(stdtrit(groups - 1, 0.975))


def seeds_to_settle(
    sums: NDArray[np.float64], sizes: NDArray[np.float64], gain: float
) -> int | None:
    """Return with how many seeds the interval should exclude zero; None: with no number.

    The variance is taken as that between groups, which more seeds do not lessen, plus what
    they do: that between seeds, and that of each seed on each group, over their number. The last
    is part of what the groups' means are seen to vary, and is taken out of it there.

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
    between_groups = float(groups / (groups - 1) * (residual**2).sum() / sizes.sum() ** 2)
    cells = sums - sums.mean(0) - np.outer(sums.sum(1) / sizes.sum() - gain, sizes)
    in_cells = float(groups / (groups - 1) * (cells**2).sum() / (seeds - 1) / sizes.sum() ** 2)
    between_groups = max(between_groups - in_cells / seeds, 0.0)
    room = (abs(gain) / quantile(groups)) ** 2 - between_groups
    needed = (between_seeds + in_cells) / room if room > 0 else inf
    return max(ceil(needed), seeds + 1) if isfinite(needed) and needed <= 1000 else None


def in_words(found: Comparison, arm: str, base: str) -> str:
    """Return a comparison as sentences for whoever has to decide."""
    figures = (
        f"{points(found.gain)} Dice points ({interval(found.low, found.high)}, 95 % interval "
        f"over {counted(found.groups, 'test group')}, {found.groups_gained} of them better, and "
        f"{counted(found.seeds, 'seed')})"
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

    >>> interval(-0.0213, -0.0004)
    '-2.1 to -0.04'
    """
    return f"{points(low)} to {points(high)}"


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
