"""A command that is killed again and again, goes on each time, and comes to its end."""

from __future__ import annotations

import random
import shutil
import signal
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .forked import Ended, Forked
from .trees import differences

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
Command = Callable[[Path], tuple[object, ...]]
"""Takes the folder as it is now, and returns what somebody would type there to go on."""


@dataclass(frozen=True)
class Verb:
    """A verb to kill.

    before: the folder in which it begins.
    whole: what it leaves there where nobody kills it.
    touches: how often it then touches the disk.
    """

    name: str
    command: Command
    before: Path
    whole: Path
    touches: int


@dataclass(frozen=True)
class Life:
    """What came of one: the signals that hit, and what was wrong afterwards."""

    kills: int
    faults: tuple[str, ...]


def uninterrupted(forked: Forked, name: str, command: Command, before: Path, whole: Path) -> Verb:
    """Return a verb, once run in a copy of `before`."""
    shutil.copytree(before, whole)
    ended = forked.run(whole, *command(whole))
    assert ended.code == 0, ended.said
    return Verb(name, command, before, whole, ended.touches)


def live(forked: Forked, verb: Verb, folder: Path, seed: int, most: int) -> Life:
    """Begin a verb anew, kill it up to `most` times where the seed says, and let it end.

    Args:
        forked: runs the commands.
        verb: which.
        folder: does not exist yet.
        seed: of the places and the signals.
        most: kills.
    """
    rng = random.Random(seed)
    shutil.copytree(verb.before, folder)
    kills, faults = 0, []
    while kills < most:
        sent, at = rng.choice(SIGNALS), 1 + int(verb.touches * rng.random() ** 2)
        ended = forked.run(folder, *verb.command(folder), send=sent, at=at)
        if ended.code == 0:
            break  # done before it came to that
        kills += 1
        faults += [f"{verb.name}, {sent.name} at {at}: {fault}" for fault in _faults(ended, sent)]
    ended = forked.run(folder, *verb.command(folder))
    if ended.code:
        faults.append(f"{verb.name}, seed {seed}, did not go on ({ended.code}): {ended.said}")
    else:
        faults += [f"{verb.name}, seed {seed}: {what}" for what in differences(folder, verb.whole)]
    return Life(kills, tuple(faults))


def _faults(ended: Ended, sent: signal.Signals) -> list[str]:
    if ended.code not in (130, -sent) or "Traceback" in ended.said:
        return [f"exit {ended.code}: {ended.said}"]
    return []
