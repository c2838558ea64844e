"""The three real data sets: counts, splits, classes."""

import numpy as np
import pytest

from medsynth.data.index import build_index
from medsynth.data.load import load_sample
from medsynth.data.options import DataOptions


def build(root, **options):
    return build_index(root, DataOptions(**options), seed=0)


def counts(index):
    return tuple(len(index.split(name)) for name in ("train", "val", "test"))


def test_cvc_clinicdb_small(real):
    index = build(real("cvc_clinicdb"), train_where={"small": 1})
    assert counts(index) == (117, 69, 214)
    assert index.channels == 3
    assert [c.name for c in index.classes] == ["background", "foreground"]
    assert not {i.group for i in index.split("train")} & {i.group for i in index.split("test")}
    sample = load_sample(index, index.split("train")[0])
    assert sample.image.shape == (128, 128, 3)


@pytest.mark.parametrize(
    ("kind", "pairs", "channels"), [("fluorescence", 431, 1), ("histology_colour", 107, 3)]
)
def test_dsb2018(real, kind, pairs, channels):
    index = build(real("dsb2018"), where={"kind": kind})
    assert len(index.items) == pairs
    assert index.channels == channels
    assert index.has_instances
    for item in index.items[:3]:
        mask = load_sample(index, item).mask
        assert np.array_equal(mask.instances > 0, mask.labels > 0)
        assert len(np.unique(mask.instances)) == mask.instances.max() + 1


def test_dsb2018_instance_maps_alone(real):
    root = real("dsb2018")
    index = build(root, images="images", masks="instances", where={"kind": "histology_colour"})
    assert index.coding.meaning == "instances"


def test_wbc(real):
    index = build(real("wbc"))
    assert counts(index) == (100, 40, 160)
    assert [c.name for c in index.classes] == ["background", "cytoplasm", "nucleus"]
    assert load_sample(index, index.items[0]).mask.labels.max() == 2
