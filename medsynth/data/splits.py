"""Train, val and test, by group: no group ever lies in two of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from medsynth.core.seeds import derive_seed
from medsynth.core.types import SPLITS, Split

Shares = Mapping[Split, float]


def split_groups(sizes: Mapping[str, int], shares: Shares, seed: int) -> dict[str, Split]:
    """Return group -> split so that the splits hold about their shares of the pairs.

    Groups go largest first, those of one size in an order drawn from the seed, each to the
    split that lacks most. Every split with a share gets a group while there are enough;
    of too few, train comes first, then val.

    Args:
        sizes: pairs in each group.
        shares: wanted share of each split; they sum to 1.
        seed: run seed.
    """
    total = sum(sizes.values())
    order = sorted(sizes, key=lambda g: (-sizes[g], derive_seed(seed, "split", g)))
    wanted = [name for name in SPLITS if shares.get(name, 0) > 0][: len(sizes)]
    lacks = {name: shares[name] * total for name in wanted}
    chosen: dict[str, Split] = {}
    for group in order:
        split = max(lacks, key=lambda name: lacks[name])
        chosen[group] = split
        lacks[split] -= sizes[group]
    for name in lacks:
        if name not in chosen.values():
            _give_one(chosen, sizes, name)
    return chosen


def _give_one(chosen: dict[str, Split], sizes: Mapping[str, int], name: Split) -> None:
    """Move the smallest group of the split with most groups, unless that would empty it."""
    counts = Counter(chosen.values())
    giver, most = counts.most_common(1)[0] if counts else (name, 0)
    if most > 1:
        own = [group for group in reversed(list(chosen)) if chosen[group] == giver]
        chosen[min(own, key=lambda group: sizes[group])] = name


def straddling(groups: Sequence[str], splits: Sequence[Split]) -> list[str]:
    """Return the groups that lie in two or more splits, sorted."""
    seen: dict[str, set[Split]] = defaultdict(set)
    for group, split in zip(groups, splits, strict=True):
        seen[group].add(split)
    return sorted(group for group, found in seen.items() if len(found) > 1)
