"""What samples are resampled by."""

import torch

from medsynth.core.keys import key_of
from medsynth.core.types import Mask, Sample
from medsynth.data.index import DataIndex
from medsynth.io.runs import Run
from medsynth.store.lineage import Lineage
from medsynth.store.samples import NewSample, SampleStore
from medsynth.workflows.evaluate.case import Case
from medsynth.workflows.evaluate.sets import read_sets
from medsynth.workflows.recipe import read_run_recipe

from .scenes import put, scene, scenes


def test_a_sample_of_several_patients_is_resampled_with_its_first_source(own):
    """Else a handful of patients would look like as many as they have combinations."""
    put(own, *scenes(1000, 10))
    index = DataIndex.load(own)
    a, b, c = index.split("train")[:3]
    image, mask = scene(1)
    for k, sources in enumerate([(b.id, a.id), (b.id, c.id), (b.id,), ()]):
        lineage = Lineage(sources, ({"op": "copy-paste"},), 7, "c" * 64, {}, {})
        sample = Sample(key_of(10 + k), image, Mask(mask), "train", "synthetic", "x")
        SampleStore(own / "samples").add([NewSample(sample, 10 + k, lineage)])
    run = Run(own)
    sets = read_sets(run, index, 100)
    assert sets.made.groups[10:] == [{a.group, b.group}, {b.group, c.group}, {b.group}, set()]
    recipe = read_run_recipe(run)
    case = Case(run, recipe, index, sets, torch.device("cpu"), lambda *_: None)
    assert case.groups.made[10:].tolist() == [b.group, b.group, b.group, "#13"]
