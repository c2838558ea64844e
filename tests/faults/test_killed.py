"""Killed anywhere and resumed, a verb leaves the bytes of one that nobody killed."""

import pytest

from .lives import live

KILLS = 5


@pytest.mark.parametrize("name", ["fit", "augment", "export", "prove"])
def test_a_verb_killed_five_times_ends_as_if_never_killed(name, forked, verbs):
    verb = verbs[name]
    kills, seed = 0, 0
    while kills < KILLS:
        folder = verb.before.parent / f"{name}-{seed}"
        life = live(forked, verb, folder, seed, KILLS - kills)
        assert life.faults == ()
        kills, seed = kills + life.kills, seed + 1
