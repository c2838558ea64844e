"""What is wrong or worth knowing: one record a kind, with its count and first examples."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from medsynth.core.errors import InputError, listed, visible
from medsynth.core.words import counted

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "note")
MOST_EXAMPLES = 5


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of finding.

    code: stable name for machines, for example "size-mismatch".
    what: a sentence for people; count and examples are given apart.
    tip: what to do next; may be empty for notes.
    """

    code: str
    severity: Severity
    what: str
    count: int
    examples: tuple[str, ...]
    tip: str = ""


def problem(
    code: str, severity: Severity, what: str, examples: Iterable[str], tip: str = ""
) -> list[Problem]:
    """Return one `Problem` counting all `examples` and keeping the first, or none if empty."""
    every = list(examples)
    if not every:
        return []
    return [
        Problem(code, severity, what, len(every), tuple(map(visible, every[:MOST_EXAMPLES])), tip)
    ]


def raise_errors(where: str, problems: Iterable[Problem], more: str = "") -> None:
    """Raise one error that tells all problems of severity "error", if there are any.

    Args:
        where: the data folder.
        problems: all that were found.
        more: a last line for the tip.

    Raises:
        InputError: with a line a kind: count, sentence, first examples.
    """
    errors = [found for found in problems if found.severity == "error"]
    if not errors:
        return
    lines = [f"- {told(found)}" for found in errors]
    tips = dict.fromkeys(found.tip for found in errors if found.tip)
    raise InputError(
        f"{where} has {counted(len(errors), 'kind')} of problem:\n" + "\n".join(lines),
        "\n".join([*tips, *([more] if more else [])]),
    )


def told(found: Problem) -> str:
    """Return the problem as one line: its sentence, count and first examples."""
    shown = listed([*found.examples, *[""] * (found.count - len(found.examples))], MOST_EXAMPLES)
    return f"{found.what} ({found.count}: {shown})" if found.examples else found.what
