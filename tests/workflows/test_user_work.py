"""A user's masks in turn: the same turns, wherever the work goes on, whatever was given up."""

import heapq
import random

import numpy as np
import pytest

from medsynth.core.errors import InputError
from medsynth.core.keys import key_of
from medsynth.core.types import Mask, Sample
from medsynth.data.user_masks import UserMask
from medsynth.store.lineage import Lineage
from medsynth.store.samples import GivenUp, NewSample, SampleStore
from medsynth.workflows.augment.user_work import UserWork
from medsynth.workflows.recipe import Recipe

BATCH = 4
RECIPE = Recipe.model_validate({"sampling": {"batch": BATCH}})
BLANK = np.zeros((4, 4), np.uint8)


class Folder:
    """Checked masks, all of them empty."""

    def __init__(self, names):
        self.masks = tuple(UserMask(f"{name}.png", f"sha-{name}") for name in names)

    def __len__(self):
        return len(self.masks)

    def read(self, turn):
        return Mask(BLANK)


class NoPairs:
    """An index of which nothing is told."""

    def split(self, name):
        return []


def work(store, names="abcde"):
    return UserWork(Folder(names), RECIPE, NoPairs(), store, 0)


def settle(store, block, lost):
    """Accept a block but for what is lost."""
    items = []
    for wanted in block:
        lineage = Lineage((), wanted.steps, 0, "c" * 64)
        if wanted.index in lost:
            items.append(GivenUp(wanted.key, wanted.index, lineage, "flat"))
            continue
        sample = Sample(wanted.key, BLANK[..., None], wanted.mask, "train", "synthetic", "")
        items.append(NewSample(sample, wanted.index, lineage))
    store.add(items)


def plainly(masks, lost, blocks):
    """The rule, written down plainly: a block takes those with the fewest images, in order."""
    images, turns = [0] * masks, []
    for number in range(blocks):
        for index in range(max(0, (number - 1) * BATCH), number * BATCH):
            images[turns[index]] -= index in lost
        queue = [(count, mask) for mask, count in enumerate(images)]
        heapq.heapify(queue)
        for _ in range(BATCH):
            count, mask = heapq.heappop(queue)
            heapq.heappush(queue, (count + 1, mask))
            images[mask] += 1
            turns.append(mask)
    return ["abcde"[mask] for mask in turns]


@pytest.mark.parametrize("seed", range(8))
def test_turns_follow_the_rule_and_do_not_depend_on_where_the_work_goes_on(tmp_path, seed):
    rng = random.Random(seed)
    blocks = 9
    lost = {k for k in range(BATCH * blocks) if rng.random() < 0.4}
    store = SampleStore(tmp_path)
    first = work(store)
    found = []
    for number in range(blocks):
        block = first.block(number)
        settle(store, block, lost)
        found += [wanted.steps[0]["params"]["file"][0] for wanted in block]
        again = work(SampleStore(tmp_path)).block(number)
        assert [each.steps for each in again] == [each.steps for each in block]
    assert found == plainly(5, lost, blocks)


def test_another_folder_is_told_of_the_first_mask_that_differs(tmp_path):
    store = SampleStore(tmp_path)
    first = work(store)
    for number in range(3):
        settle(store, first.block(number), {0})
    assert store.row(1).id == key_of(1)
    with pytest.raises(InputError, match=r"s0000004 was made from another mask than X\.png"):
        work(SampleStore(tmp_path), "abcXe")
