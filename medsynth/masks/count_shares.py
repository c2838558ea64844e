"""How often masks have how many objects, kept as it is in the training masks.

Bounds alone cannot keep it: where one mask in seven has two objects, two are within bounds,
and an operator that adds objects would soon give two to every third. So a draw that comes
to a rarer number than its source's is kept with the chance of a Metropolis step (Metropolis
et al. 1953): how often training has the one, over how often it has the other.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from medsynth.masks.strata import count_kind


class CountShares:
    """The training masks' numbers of objects, in ranges from one power of two to the next.

    Args:
        counts: objects of each training mask with foreground.
    """

    def __init__(self, counts: Iterable[int]) -> None:
        self._found = Counter(count_kind(count) for count in counts)

    def chance(self, count: int, source_count: int) -> float:
        """Return the chance to keep a draw of `count` objects from a mask of `source_count`.

        >>> CountShares([1, 1, 1, 1, 1, 2]).chance(3, 1)
        0.3333333333333333
        """
        now, before = count_kind(count), count_kind(source_count)
        return (
            1.0 if now == before else min(1.0, (self._found[now] + 1) / (self._found[before] + 1))
        )
