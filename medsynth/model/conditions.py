"""What images are told besides their masks: image labels and prompts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from medsynth.model.network import Condition

EMPTY = 0
"""Row of the prompt table that holds the empty prompt."""


@dataclass(frozen=True, eq=False)
class Conditions:
    """The conditions of a set of pairs or samples.

    labels: (N,) int64 image labels, or None where the model is told none.
    prompts: (N,) int64 rows of `table`, or None where the model has no prompts.
    table: (P, L, D) float32 prompt embeddings; row 0 is the empty prompt's.
    """

    labels: NDArray[np.int64] | None = None
    prompts: NDArray[np.int64] | None = None
    table: Tensor | None = None

    def take(self, rows: NDArray[np.int64]) -> Conditions:
        """Return the conditions of some of the set."""
        labels, prompts = (None if a is None else a[rows] for a in (self.labels, self.prompts))
        return Conditions(labels, prompts, self.table)

    def condition(self, emptied: NDArray[np.bool_] | None = None) -> Condition:
        """Return what a network takes.

        Args:
            emptied: (N,) true where the prompt is replaced by the empty one.
        """
        labels = None if self.labels is None else torch.from_numpy(self.labels)
        if self.prompts is None or self.table is None:
            return Condition(None, labels)
        rows = self.prompts if emptied is None else np.where(emptied, EMPTY, self.prompts)
        return Condition(self.table[torch.from_numpy(rows)], labels)

    def without_prompts(self) -> Condition | None:
        """Return the conditions with empty prompts; None where there are no prompts."""
        if self.prompts is None:
            return None
        return self.condition(np.ones(len(self.prompts), bool))
