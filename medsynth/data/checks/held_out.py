"""Whether val and test hold enough for what comes after a fit, and which fractions would do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from medsynth.core.types import SPLITS, Split
from medsynth.core.words import counted
from medsynth.data.options import NONE, DataOptions
from medsynth.data.problems import Problem
from medsynth.data.records import Item
from medsynth.data.splits import Shares, split_groups

LEAST_JUDGED = 10
"""Pairs that `medsynth evaluate` needs, in test or else in val; a test holds it to that."""
LEAST_PROVED = 4
"""Pairs that `medsynth prove` needs in val and in test; a test holds it to that."""
LEAST_TRAIN = 10
"""No fractions are offered that leave fewer pairs to learn from."""
ENOUGH: Mapping[Split, int] = {"train": LEAST_TRAIN, "val": LEAST_PROVED, "test": LEAST_JUDGED}
LEAST_IN_ALL = sum(ENOUGH.values())
STEPS = 20
"""Tries, each with larger shares of val and test: groups may be too coarse for the first."""


def held_out_problems(items: Sequence[Item], options: DataOptions, seed: int) -> list[Problem]:
    """Return a warning if evaluate or prove would refuse a run fitted on these pairs.

    Args:
        items: all pairs that are used, two at least.
        options: as a fit would have them.
        seed: run seed; it decides the split.
    """
    held = Counter(item.split for item in items)
    refused = []
    if max(held["test"], held["val"]) < LEAST_JUDGED:
        refused.append(f"`medsynth evaluate` needs {LEAST_JUDGED} in test")
    if min(held["test"], held["val"]) < LEAST_PROVED:
        refused.append(f"`medsynth prove` needs {LEAST_PROVED} in each")
    if len(items) < 2 or not refused:
        return []
    few = sum(held[name] for name in ("val", "test"))
    what = (
        f"val has {counted(held['val'], 'pair')} and test {held['test']}: too few to judge the "
        f"result by, for {' and '.join(refused)}"
    )
    return [Problem("few-held-out", "warning", what, few, (), _tip(items, options, seed))]


def enough_fractions(groups: Sequence[str], seed: int) -> tuple[Shares, Mapping[Split, int]] | None:
    """Return shares that give each split enough pairs, the largest of train, and these pairs.

    None where groups or pairs are too few.

    >>> enough_fractions([f"p{k}" for k in range(24)], seed=0)
    ({'train': 0.41, 'val': 0.17, 'test': 0.42}, {'train': 10, 'val': 4, 'test': 10})
    """
    sizes, total = Counter(groups), len(groups)
    for more in range(STEPS):
        val, test = (-(-100 * (ENOUGH[name] + more / 2) // total) / 100 for name in ("val", "test"))
        shares: Shares = {"train": round(1 - val - test, 2), "val": val, "test": test}
        if shares["train"] <= 0:
            break
        chosen = split_groups(sizes, shares, seed)
        held = Counter(chosen[group] for group in groups)
        if all(held[name] >= least for name, least in ENOUGH.items()):
            return shares, {name: held[name] for name in SPLITS}
    return None


def _tip(items: Sequence[Item], options: DataOptions, seed: int) -> str:
    given = options.split_file != NONE and any(
        options.split_file or item.attributes.get("split") for item in items
    )
    found = enough_fractions([item.group for item in items], seed)
    by_others = "judge by other pairs: medsynth evaluate --real FOLDER"
    if found is None:
        return f"Collect more: {LEAST_IN_ALL} or more ({_listed(ENOUGH)}); or {by_others}"
    anew = "--set data.split_file=none " if given else ""
    shares = ",".join(f"{share:g}" for share in found[0].values())
    return f"Fit with {anew}--set data.fractions=[{shares}] ({_listed(found[1])}); or {by_others}"


def _listed(pairs: Mapping[Split, int]) -> str:
    return ", ".join(f"{pairs[name]} in {name}" for name in SPLITS)
