"""How many pixels of each class a mask has, from its value counts alone."""

from __future__ import annotations

from collections import Counter

import numpy as np

from medsynth.data.coding import MaskCoding, nearest_entries
from medsynth.data.examine import PairFacts
from medsynth.data.mask_values import GREY


def class_pixels(fact: PairFacts, coding: MaskCoding) -> dict[int, int]:
    """Return class id -> pixels of a usable pair's mask under the coding."""
    out: Counter[int] = Counter()
    for value, class_id, pixels in _decoded(fact, coding):
        del value
        out[class_id] += pixels
    return dict(out)


def snapped_pixels(fact: PairFacts, coding: MaskCoding) -> int:
    """Return how many pixels of a mask have a value that is no class's and goes to the nearest."""
    exact = {value for value, _ in coding.entries}
    if coding.meaning == "instances":
        return 0
    return sum(n for value, _, n in _decoded(fact, coding) if value not in exact)


def _decoded(fact: PairFacts, coding: MaskCoding) -> list[tuple[int, int, int]]:
    """Return (value, class id, pixels) of a mask's values."""
    if fact.mask is None or not fact.mask.counts:
        return []
    scale = GREY if coding.colour and not fact.mask.colour else 1
    values = np.array([value * scale for value in fact.mask.counts])
    pixels = list(fact.mask.counts.values())
    if coding.meaning == "instances":
        return [(int(v), int(v != 0), n) for v, n in zip(values, pixels, strict=True)]
    ids = [class_id for _, class_id in coding.entries]
    rows = nearest_entries(values, coding)
    return [(int(v), ids[r], n) for v, r, n in zip(values, rows, pixels, strict=True)]
