"""The mask of another group for each image: what agreement by chance alone would be."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from medsynth.quality.gates.gate import Groups


def masks_of_others(groups: Groups) -> NDArray[np.int64]:
    """Return for each image the index of the next one that shares no group; -1: there is none.

    Frames of one video have nearly the same masks: a neighbour's would not be a wrong one.

    >>> masks_of_others([frozenset("a"), frozenset("a"), frozenset("b")])
    array([2, 2, 0])
    """
    count = len(groups)
    return np.array(
        [
            next(
                (
                    n % count
                    for n in range(k + 1, k + count)
                    if groups[k].isdisjoint(groups[n % count])
                ),
                -1,
            )
            for k in range(count)
        ],
        np.int64,
    )
