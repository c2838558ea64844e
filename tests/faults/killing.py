"""The long run's kills: life after life of every verb, until there were enough."""

from __future__ import annotations

from itertools import count
from math import ceil
from pathlib import Path

from tests.conftest import RECIPE, draw_blobs

from .forked import Forked
from .lives import live
from .tally import Tally
from .verbs import all_verbs

MOST = 5
"""Kills a life."""


def kill_long(root: Path, kills: int) -> list[Tally]:
    """Kill the verbs `kills` times in all; return a line a verb."""
    (root / "tiny.yaml").write_text(RECIPE)
    draw_blobs(root / "data", n=40)
    forked = Forked()
    verbs = all_verbs(forked, root)
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
    forked.close()
    return tallies
