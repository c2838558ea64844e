"""Strata: the kinds that a balance counts, by class, object size or object count."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from medsynth.masks.balance_options import By
from medsynth.masks.features import Look

SIZES = ("small", "medium", "large")


class Strata:
    """Says of which kinds a mask is.

    Args:
        by: what distinguishes them.
        looks: at the training masks; their thirds tell small objects from large ones.
        picture_px: pixels of each training mask, in the same order.
    """

    def __init__(self, by: By, looks: Sequence[Look], picture_px: Sequence[int]) -> None:
        self.by = by
        sizes = [
            look.objects.median_px / px
            for look, px in zip(looks, picture_px, strict=True)
            if look.classes
        ]
        self._edges = np.quantile(sizes, [1 / 3, 2 / 3]) if sizes else np.zeros(2)

    def of(self, look: Look, picture_px: int) -> tuple[str, ...]:
        """Return the kinds of a mask; one of several classes is of several kinds."""
        if not look.classes:
            return ()
        if self.by == "class":
            return tuple(str(k) for k in sorted(look.classes))
        if self.by == "count":
            return (count_kind(look.objects.count),)
        share = look.objects.median_px / picture_px
        return (SIZES[int(np.searchsorted(self._edges, share, "right"))],)


def count_kind(count: int) -> str:
    """Return the range of a number of objects, from one power of two to the next.

    >>> [count_kind(n) for n in (1, 2, 3, 4, 9)]
    ['1', '2-3', '2-3', '4-7', '8-15']
    """
    first = 1 << (max(1, count).bit_length() - 1)
    return "1" if first == 1 else f"{first}-{2 * first - 1}"
