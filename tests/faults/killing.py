"""The long run's kills: life after life of every verb, until there were enough."""

from __future__ import annotations

from itertools import count
from math import ceil
from pathlib import Path

from .forked import Forked
from .lives import Verb, live
from .tally import Tally

MOST = 5
"""Kills a life."""


def kill_long(forked: Forked, verbs: dict[str, Verb], root: Path, kills: int) -> list[Tally]:
    """Kill the verbs `kills` times in all; return a line a verb."""
    each = ceil(kills / len(verbs))
    tallies = []
    for name, verb in verbs.items():
        tally = Tally(f"{name} killed and resumed")
        for seed in count():
            if tally.tried >= each:
                break
            life = live(forked, verb, root / f"{name}-{seed}", seed, min(MOST, each - tally.tried))
            tally.add(life.kills, life.faults)
        tallies.append(tally)
    return tallies
