"""export.reject: samples that a person has thrown out, one id a line."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Collection, Sequence
from difflib import get_close_matches
from pathlib import Path

from medsynth.core.errors import InputError, UsageError, listed
from medsynth.core.keys import key_of

MOST_PROBLEMS = 20
NEIGHBOURS = 500
"""Among so many ids to each side, in order, a misspelt one is looked for."""


def read_rejected(path: Path, samples: Collection[str], real: Collection[str]) -> frozenset[str]:
    """Return the ids in a file: one a line, "#" begins a comment, blank lines mean nothing.

    Args:
        path: UTF-8 text.
        samples: ids that may be thrown out.
        real: ids of the real pairs, which may not.

    Raises:
        UsageError: the file cannot be read.
        InputError: lines name no sample, or a real pair; all of them in one report.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        raise UsageError(
            f"export.reject: {path} cannot be read ({error}).", "Name a text file of sample ids."
        ) from error
    found = {n: text for n, line in enumerate(lines, 1) if (text := line.partition("#")[0].strip())}
    wrong = {n: text for n, text in found.items() if text not in samples}
    if wrong:
        ordered = sorted(samples)
        problems = [
            f"line {n}: {text[:100]} {'is a real pair' if text in real else 'is no sample'}"
            f"{_hint(text, ordered)}"
            for n, text in wrong.items()
        ]
        raise InputError(
            f"{path} names what cannot be thrown out: {listed(problems, MOST_PROBLEMS)}.",
            "Ids are those of the run's samples, one a line; medsynth show --sheet shows them.",
        )
    return frozenset(found.values())


def _hint(text: str, ordered: Sequence[str]) -> str:
    """Return a did-you-mean, empty where nothing is near; a million ids cost no more than some.

    A number, with or without zeros and suffix, stands for the sample of that number.
    """
    digits = "".join(filter(str.isdigit, Path(text).name.partition(".")[0]))[-12:]
    if digits and int(digits) and _holds(ordered, key := key_of(int(digits) - 1)):
        return f" (did you mean '{key}'?)"
    place = bisect(ordered, text)
    near = get_close_matches(text, ordered[max(0, place - NEIGHBOURS) : place + NEIGHBOURS], 1)
    return f" (did you mean '{near[0]}'?)" if near else ""


def _holds(ordered: Sequence[str], name: str) -> bool:
    place = bisect(ordered, name)
    return place > 0 and ordered[place - 1] == name
