"""The gate against copies of training images."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from medsynth.quality.copies import COPY_SCORE, CopyDetector
from medsynth.quality.gates.gate import GateContext, Groups, Pairs, Verdict, calibrated

LEAST = 1 - COPY_SCORE
"""Threshold where no real image can set one."""
ALONE = (
    "the gate novel cannot tell what is usual between patients: no real image of another group is "
    "held out. It refuses what counts as a copy anywhere; give more groups or pairs to val."
)
LEAKS = (
    "the gate novel leaves {copies} of the {count} real images out that would set its scale: they "
    "are as like a training image of another group as copies are, and would let copies pass. If "
    "they are duplicates, or frames of one video, the split or the groups leak: medsynth doctor "
    "names pairs that are nearly the same; give those one group in groups.csv, and fit again."
)


class Novel:
    """Scores how unlike the most similar training image an image is.

    Held-out real images of other groups set the scale: what is nearer to a training image than
    nearly all of these is no new image. Those that are as like one as copies are do not count:
    they would let copies pass. Where there are none, what counts as a copy anywhere does.
    """

    summary: ClassVar[str] = "refuses images nearer to a training image than other patients' are"
    complaint: ClassVar[str] = "are copies of a training image, or nearly"

    def __init__(self, context: GateContext) -> None:
        self.rate = context.rate
        train, held_out = context.train, context.held_out
        groups = one_each(train.groups)
        self.detector = CopyDetector().fit(train.images, groups, train.labels)
        only = groups[0] if len(set(groups)) == 1 else None  # its images have nobody to be like
        others = [k for k, each in enumerate(one_each(held_out.groups)) if each != only]
        judged = held_out.rows(others)
        novelty = self._novelty(judged, one_each(judged.groups))
        self.held_out = novelty[novelty > LEAST]
        self.copies = len(novelty) - len(self.held_out)

    @property
    def about(self) -> dict[str, float | str]:
        """The novelty of real held-out images, and how many of them are as copies."""
        found: dict[str, float | str] = {"real_images": len(self.held_out)}
        if len(self.held_out):
            found["real_median"] = round(float(np.median(self.held_out)), 4)
            found["threshold"] = round(float(np.quantile(self.held_out, self.rate)), 4)
        else:
            found |= {"threshold": round(LEAST, 4), "warning": ALONE}
        if self.copies:
            count = self.copies + len(self.held_out)
            found["warning"] = LEAKS.format(copies=self.copies, count=count)
        return found

    def judge(self, pairs: Pairs) -> list[Verdict]:
        """Return 1 less the likeness to the most similar training image, from 0 to 1."""
        return calibrated(self._novelty(pairs), self.held_out, self.rate, LEAST)

    def _novelty(self, pairs: Pairs, groups: list[str] | None = None) -> NDArray[np.float64]:
        likeness, _ = self.detector.score(pairs.images, groups, pairs.labels)
        return 1 - likeness


def one_each(groups: Groups) -> list[str]:
    """Return the group of each real pair, which has just one."""
    return ["+".join(sorted(each)) for each in groups]
