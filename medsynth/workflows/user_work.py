"""Work from a user's own masks: each of them gets an image, then each a second one."""

from __future__ import annotations

import heapq
from collections import Counter
from pathlib import PurePosixPath
from typing import Any

from medsynth.core.errors import InputError
from medsynth.core.seeds import generator
from medsynth.data.records import DataIndex
from medsynth.data.user_masks import UserMasks
from medsynth.masks.plan_entry import key_of
from medsynth.store.samples import SampleStore
from medsynth.workflows.recipe import Recipe
from medsynth.workflows.wanted import Wanted

OP = "user-mask"
"""What stands in the lineage in place of an operator."""


class UserWork:
    """A user's masks in turn, those first that have the fewest accepted images.

    Args:
        masks: the checked masks.
        recipe: batch size, image labels.
        index: the run's data; image labels are drawn from its training pairs.
        store: what the run has already; it says which images were given up.
        seed: of image labels.

    Raises:
        InputError: the store's first samples were made from other masks.
    """

    def __init__(
        self, masks: UserMasks, recipe: Recipe, index: DataIndex, store: SampleStore, seed: int
    ) -> None:
        self._masks = masks
        self._size = recipe.sampling.batch
        self._seed = seed
        column = recipe.model.label_column
        train = index.split("train")
        self._labels = None if column is None else [item.attributes[column] for item in train]
        self._store = store
        self._known = {row.index: _sha256(row.lineage.steps) for row in store.rows()}
        self._turns: list[int] = []
        self._images = [0] * len(masks)
        self.relaxed: Counter[str] = Counter()

    def block(self, number: int) -> list[Wanted]:
        """Return a block; those before it are settled by now."""
        first = number * self._size
        for index in range(max(0, first - self._size), first):
            if self._store.status(index) == "given-up":
                self._images[self._turns[index]] -= 1
        queue = [(images, mask) for mask, images in enumerate(self._images)]
        heapq.heapify(queue)
        for _ in range(self._size):
            images, mask = queue[0]
            heapq.heapreplace(queue, (images + 1, mask))
            self._images[mask] += 1
            self._turns.append(mask)
        return [self._wanted(index) for index in range(first, first + self._size)]

    def _wanted(self, index: int) -> Wanted:
        turn = self._turns[index]
        user = self._masks.masks[turn]
        if self._known.get(index, user.sha256) != user.sha256:
            raise InputError(
                f"sample {key_of(index)} was made from another mask than {user.file}.",
                "Use the same folder of masks as before, or begin a new set in another run.",
            )
        params: dict[str, Any] = {"file": user.file, "sha256": user.sha256}
        label = self._label(index)
        if label is not None:
            params["label"] = label
        step = {"op": OP, "params": params, "donors": []}
        group = f"user-{PurePosixPath(user.file).stem}"
        return Wanted(index, key_of(index), self._masks.read(turn), (), (step,), group, label)

    def _label(self, index: int) -> str | None:
        """Return an image label, as frequent as among the training pairs."""
        if self._labels is None:
            return None
        rng = generator(self._seed, "user-label", index)
        return self._labels[int(rng.integers(len(self._labels)))]


def is_user_made(steps: Any) -> bool:
    """Return whether the steps of a lineage say that the mask was a user's."""
    return bool(steps) and steps[0].get("op") == OP


def _sha256(steps: Any) -> str:
    return str(steps[0]["params"]["sha256"]) if is_user_made(steps) else ""
