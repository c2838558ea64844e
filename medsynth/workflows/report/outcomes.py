"""How hard each kind of mask was: images drawn and masks given up by class, size and operator."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from medsynth.store.acceptance import Acceptance
from medsynth.store.tally import Tally
from medsynth.workflows.report.words import number


@dataclass(frozen=True, slots=True)
class Outcome:
    """A kind of mask in the table, in words."""

    kind: str
    masks: str
    kept: str
    given_up: str
    images_each: str


def outcomes(found: Acceptance, classes: Mapping[int, str]) -> list[Outcome]:
    """Return a line a kind; none where no image was refused, for then all lines say the same."""
    return list(_outcomes(found, classes)) if found.total.refused else []


def _outcomes(found: Acceptance, classes: Mapping[int, str]) -> Iterator[Outcome]:
    for key, tally in found.by_class.items():
        yield _outcome(f"class {classes.get(key, key)}", tally)
    for size, tally in found.by_size.items():
        yield _outcome(f"foreground: {size}", tally)
    for operator, tally in found.by_operator.items():
        yield _outcome(f"changed by {operator}", tally)


def _outcome(kind: str, tally: Tally) -> Outcome:
    return Outcome(
        kind,
        f"{tally.entries:,}",
        f"{tally.accepted:,}",
        f"{tally.given_up:,}",
        number(tally.drawn / tally.entries, 1),
    )
