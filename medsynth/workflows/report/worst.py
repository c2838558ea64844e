"""The samples most like a training image: what to look at before anything is shared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from medsynth.workflows.report.words import number

Values = Mapping[str, Any]
SHOWN = 8


@dataclass(frozen=True, slots=True)
class Pair:
    """A sample, the training image it is most like, and by how much."""

    sample: str
    train: str
    figure: str


@dataclass(frozen=True, slots=True)
class WorstPairs:
    """The pairs that one measure finds worst, the worst first; what the measure says, in words."""

    title: str
    meaning: str
    unit: str
    pairs: tuple[Pair, ...]


def worst_pairs(evaluation: Values) -> list[WorstPairs]:
    """Return those of the detector of copies, and of the features' distances."""
    return [each for each in _worst(evaluation) if each.pairs]


def _worst(evaluation: Values) -> Iterator[WorstPairs]:
    copies = evaluation["copies"]
    yield WorstPairs(
        "By the detector of copies",
        f"Likeness runs from 0 to 1, a copy. From {number(copies['threshold'], 2)} on an image "
        "counts as a copy; real images of other patients have "
        f"{number(copies['median_held_out'], 2)} as a rule (median).",
        "likeness",
        _pairs(copies["most_alike"], "likeness", 2),
    )
    near = evaluation["near"]["features"]
    yield WorstPairs(
        "By the look of the whole image",
        "Distance between two images as a network sees them; 0 is the same image. Real images of "
        "other patients are as a rule "
        f"{number(near['median_held_out'], 1)} from their nearest training image (median), "
        f"synthetic ones {number(near['median_made'], 1)}.",
        "distance",
        _pairs(near["worst"], "distance", 1),
    )


def _pairs(found: list[Values], key: str, digits: int) -> tuple[Pair, ...]:
    return tuple(
        Pair(each["sample"], each["train"], number(each[key], digits)) for each in found[:SHOWN]
    )
