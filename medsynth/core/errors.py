"""Errors that are somebody's to mend: a sentence, a tip, an exit code.

Whatever is not a `MedsynthError` is a bug of medsynth and keeps its traceback.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

UNSEEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
"""Control characters, marks that turn the direction of text, and half characters."""

EXIT_DONE = 0
EXIT_BUG = 1
EXIT_USAGE = 2
EXIT_INPUT = 3
EXIT_NOTHING_ACCEPTABLE = 4
EXIT_INTERRUPTED = 130


class MedsynthError(Exception):
    """A known error: `what` went wrong where, and a `tip` that says what to do next."""

    exit_code = EXIT_INPUT

    def __init__(self, what: str, tip: str | None = None) -> None:
        super().__init__(what)
        self.what = what
        self.tip = tip


class UsageError(MedsynthError):
    """The command, an option or a recipe is wrong."""

    exit_code = EXIT_USAGE


class InputError(MedsynthError):
    """The data, a run or a checkpoint is wrong."""

    exit_code = EXIT_INPUT


class NothingAcceptableError(MedsynthError):
    """The work ran, but too little of what it made was acceptable."""

    exit_code = EXIT_NOTHING_ACCEPTABLE


class InterruptedRunError(MedsynthError):
    """The user stopped the work; the tip says how to go on."""

    exit_code = EXIT_INTERRUPTED


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return "did you mean 'x'?" with the nearest known name, or the list of all of them."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{near[0]}'?"
    return "known: " + ", ".join(names)


def visible(text: str) -> str:
    """Return text from outside for one line of a message: nothing that a terminal would obey.

    >>> visible("a\\n.png")
    'a\\\\n.png'
    """
    return UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def listed(names: Iterable[str], most: int = 5) -> str:
    """Return the first `most` names joined by commas, and how many more there are."""
    every = list(names)
    shown = ", ".join(every[:most])
    return shown if len(every) <= most else f"{shown} and {len(every) - most} more"
