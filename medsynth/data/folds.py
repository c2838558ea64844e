"""Folds for cross-fitting, by group: no group lies in two of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from medsynth.core.seeds import derive_seed


def fold_groups(groups: Sequence[str], count: int, seed: int) -> dict[str, int]:
    """Return group -> fold, the folds of about equal numbers of pairs.

    Args:
        groups: the group of each pair.
        count: folds; with fewer groups, some folds stay empty.
        seed: decides among groups of one size.

    >>> fold_groups(["a", "a", "b", "c"], 2, seed=0)["a"]
    0
    """
    sizes = Counter(groups)
    held = [0] * count
    chosen = {}
    for group in sorted(sizes, key=lambda g: (-sizes[g], derive_seed(seed, "fold", g))):
        fold = held.index(min(held))
        chosen[group] = fold
        held[fold] += sizes[group]
    return chosen
