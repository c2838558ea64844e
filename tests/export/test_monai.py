import json
from pathlib import Path

import numpy as np
import pytest

from medsynth.exporters.deliver import deliver
from medsynth.exporters.options import ExportOptions

from .readers import datalist, monai_loader
from .sets import make_set, quiet

KEYS = {"train": "training", "val": "validation", "test": "test"}


@pytest.mark.parametrize("instances", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
def test_monai_loads_every_picture_of_every_list(channels, instances, tmp_path):
    from monai.data import check_missing_files

    export_set = make_set(channels=channels, instances=instances)
    deliver("monai", export_set, tmp_path / "out", ExportOptions(), quiet)
    kinds = ["image", "label", *(["instances"] if instances else [])]
    load = monai_loader()
    for split, key in KEYS.items():
        items = datalist(tmp_path / "out", key)
        assert check_missing_files(items, kinds) == []
        for item, sample in zip(items, export_set.samples(split), strict=True):
            assert sorted(item) == sorted(kinds)
            assert Path(item["image"]).stem == Path(item["label"]).stem == sample.id
            image = np.asarray(load(item["image"]))
            assert np.array_equal(image.reshape(sample.image.shape), sample.image)
            assert np.array_equal(np.asarray(load(item["label"])), sample.mask.labels)
            if instances:
                assert np.array_equal(np.asarray(load(item["instances"])), sample.mask.instances)


def test_the_properties_are_those_of_the_decathlon(tmp_path):
    from monai.data import load_decathlon_properties

    deliver("monai", make_set(reals=1), tmp_path / "out", ExportOptions(), quiet)
    path = tmp_path / "out" / "dataset.json"
    keys = ["name", "labels", "modality", "numTraining", "numTest"]
    found = load_decathlon_properties(path, keys)
    assert found["labels"] == {"0": "background", "1": "polyp", "2": "Gerät"}
    assert (found["numTraining"], found["numTest"]) == (9, 0)
    assert not {"validation", "test"} & set(json.loads(path.read_text(encoding="utf-8")))
