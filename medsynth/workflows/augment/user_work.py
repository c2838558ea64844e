"""Work from a user's own masks: each of them gets an image, then each a second one."""

from __future__ import annotations

import heapq
from array import array
from collections import Counter
from pathlib import PurePosixPath
from typing import Any

from medsynth.core.errors import InputError
from medsynth.core.keys import key_of
from medsynth.core.seeds import generator
from medsynth.data.records import DataIndex, Item
from medsynth.data.user_masks import UserMasks
from medsynth.store.samples import SampleStore
from medsynth.workflows.augment.wanted import Wanted
from medsynth.workflows.recipe import Recipe

OP = "user-mask"
"""What stands in the lineage in place of an operator."""


class UserWork:
    """A user's masks in turn, those first that have the fewest accepted images.

    Args:
        masks: the checked masks.
        recipe: batch size.
        index: the run's data; each image is told what is told of one of its training pairs.
        store: what the run has already; it says which images were given up.
        seed: of the choice of those pairs.

    Raises:
        InputError: the store's first samples were made from other masks.
    """

    def __init__(
        self, masks: UserMasks, recipe: Recipe, index: DataIndex, store: SampleStore, seed: int
    ) -> None:
        self._masks = masks
        self._size = recipe.sampling.batch
        self._seed = seed
        self._pairs = index.split("train") if recipe.model.tells_attributes else []
        self._store = store
        self._turns = array("L")
        self._images = [0] * len(masks)
        self._queue = [(0, mask) for mask in range(len(masks))]
        self.relaxed: Counter[str] = Counter()
        self.waits = True
        self._refuse_other_masks()

    def block(self, number: int) -> list[Wanted]:
        """Return a block; those before it are settled by now."""
        first = number * self._size
        self._take_turns(first + self._size)
        return [self._wanted(index) for index in range(first, first + self._size)]

    def _take_turns(self, end: int) -> None:
        """Decide which mask each index before `end` has, block by block."""
        while (first := len(self._turns)) < end:
            for index in range(max(0, first - self._size), first):
                if self._store.status(index) == "given-up":
                    mask = self._turns[index]
                    self._images[mask] -= 1
                    heapq.heappush(self._queue, (self._images[mask], mask))
            for _ in range(self._size):
                while self._images[self._queue[0][1]] != self._queue[0][0]:
                    heapq.heappop(self._queue)  # what was said of it before it was given up
                images, mask = self._queue[0]
                heapq.heapreplace(self._queue, (images + 1, mask))
                self._images[mask] += 1
                self._turns.append(mask)

    def _refuse_other_masks(self) -> None:
        """Compare the first samples with the masks, until each mask was met once."""
        met: set[int] = set()
        for row in self._store.rows():
            self._take_turns(row.index + 1)
            turn = self._turns[row.index]
            user = self._masks.masks[turn]
            if _sha256(row.lineage.steps) != user.sha256:
                raise InputError(
                    f"sample {row.id} was made from another mask than {user.file}.",
                    "Use the same folder of masks as before, or begin a new set in another run.",
                )
            met.add(turn)
            if len(met) == len(self._masks):
                return

    def _wanted(self, index: int) -> Wanted:
        turn = self._turns[index]
        user = self._masks.masks[turn]
        params: dict[str, Any] = {"file": user.file, "sha256": user.sha256}
        pair = self._pair(index)
        if pair is not None:
            params["told_as"] = pair.id
        step = {"op": OP, "params": params, "donors": []}
        attributes = {} if pair is None else pair.attributes
        group = f"user-{PurePosixPath(user.file).stem}"
        mask = self._masks.read(turn)
        return Wanted(index, key_of(index), mask, (), (step,), group, attributes=attributes)

    def _pair(self, index: int) -> Item | None:
        """Return the training pair as which an image is told of; None where there are none."""
        if not self._pairs:
            return None
        rng = generator(self._seed, "user-label", index)
        return self._pairs[int(rng.integers(len(self._pairs)))]


def is_user_made(steps: Any) -> bool:
    """Return whether the steps of a lineage say that the mask was a user's."""
    return bool(steps) and steps[0].get("op") == OP


def _sha256(steps: Any) -> str:
    return str(steps[0]["params"]["sha256"]) if is_user_made(steps) else ""
