"""Labels and prompts of a shared run are numbers, and mean what they meant."""

import numpy as np
import torch

from medsynth.workflows.sharing.told import renamed
from medsynth.workflows.told import Told

PAIRS = [{"ward": "west", "x": "1"}, {"ward": "east", "x": "2"}, {"ward": "west", "x": "2"}]


def test_labels_keep_their_places():
    told = Told("ward", ("east", "north", "west"))
    new, said = renamed(told, PAIRS)
    assert new.labels == ("label-1", "label-2", "label-3")
    assert np.array_equal(new.conditions(said).labels, told.conditions(PAIRS).labels)
    assert all(set(each) == {"label"} for each in said)


def test_prompts_keep_their_embeddings_and_unused_ones_go():
    prompts = ("", "seen in east", "seen in north", "seen in west")
    told = Told(None, (), "seen in {ward}", prompts, torch.arange(8.0).view(4, 2))
    new, said = renamed(told, PAIRS)
    assert new.prompts == ("", "prompt-1", "prompt-2")
    assert (new.template, new.table.tolist()) == ("{prompt}", [[0, 1], [2, 3], [6, 7]])
    before, after = told.conditions(PAIRS), new.conditions(said)
    assert torch.equal(before.table[before.prompts], after.table[after.prompts])


def test_the_one_prompt_of_all_images_is_numbered_too():
    told = Told(None, (), "Dr. Doe's polyps", ("", "Dr. Doe's polyps"), torch.eye(2))
    new, said = renamed(told, PAIRS)
    assert (new.template, new.prompts, said) == ("prompt-1", ("", "prompt-1"), [{}, {}, {}])
    assert renamed(Told(None, (), "", ("",), torch.eye(1)), PAIRS)[0].template == ""


def test_a_model_that_is_told_nothing():
    new, said = renamed(Told(), PAIRS)
    assert (new.column, new.labels, new.template, said) == (None, (), None, [{}, {}, {}])
