"""Pairs of val and test that the weights of a run have never learned from.

Weights that began as another run's (`fit --init-from`) have learned from its training pairs,
wherever the new split puts these.
"""

from __future__ import annotations

from dataclasses import dataclass

from medsynth.core.types import Split
from medsynth.core.words import counted
from medsynth.data.records import DataIndex, Item
from medsynth.data.trained_on import inherited_pairs
from medsynth.io.runs import Run

HELD_OUT: tuple[Split, ...] = ("val", "test")


@dataclass(frozen=True)
class Unseen:
    """What is left of a run's val and test.

    val, test: their pairs.
    left_out: split -> how many of how many pairs the weights have learned from, where any.
    """

    val: tuple[Item, ...]
    test: tuple[Item, ...]
    left_out: dict[Split, tuple[int, int]]

    @property
    def note(self) -> str:
        """What was left out, and why; empty where nothing was."""
        parts = " and ".join(
            f"{seen} of the {counted(every, 'pair')} of {split}"
            for split, (seen, every) in self.left_out.items()
        )
        return parts and (
            f"left out, for the weights have learned from their images: {parts}. Weights that a "
            "fit begins with (--init-from) bring along what they were fitted on."
        )


def unseen_pairs(run: Run, index: DataIndex) -> Unseen:
    """Return the held-out pairs whose images no training pair of the run or its ancestors shows.

    Raises:
        InputError: the run's record of these is damaged.
    """
    seen = {pair.image_sha256 for pair in inherited_pairs(run.path)}
    kept: dict[Split, tuple[Item, ...]] = {}
    left_out: dict[Split, tuple[int, int]] = {}
    for split in HELD_OUT:
        every = index.split(split)
        kept[split] = tuple(item for item in every if item.image_sha256 not in seen)
        if len(kept[split]) < len(every):
            left_out[split] = len(every) - len(kept[split]), len(every)
    return Unseen(kept["val"], kept["test"], left_out)
