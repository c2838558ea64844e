import io
import json

import numpy as np
import pytest

from medsynth.exporters.deliver import deliver
from medsynth.exporters.options import ExportOptions

from .readers import picture, shards
from .sets import make_set, quiet


@pytest.mark.parametrize("instances", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
def test_webdataset_streams_every_sample_of_a_split_in_order(channels, instances, tmp_path):
    export_set = make_set(channels=channels, instances=instances)
    options = ExportOptions(shard_samples=5)
    deliver("webdataset", export_set, tmp_path / "out", options, quiet)
    assert [path.name for path in sorted((tmp_path / "out").glob("train-*"))] == [
        f"train-{number:06d}.tar" for number in range(3)
    ]
    for split in export_set.splits():
        items = shards(tmp_path / "out", split)
        for item, sample in zip(items, export_set.samples(split), strict=True):
            assert item["__key__"] == sample.id
            about = json.loads(item["json"])
            assert (about["id"], about["split"]) == (sample.id, sample.split)
            assert (about["origin"], about["group"]) == (sample.origin, sample.group)
            image = picture(io.BytesIO(item["png"]))
            assert np.array_equal(image.reshape(sample.image.shape), sample.image)
            assert np.array_equal(picture(io.BytesIO(item["mask.png"])), sample.mask.labels)
            assert ("instances.png" in item) is instances
            if instances:
                back = picture(io.BytesIO(item["instances.png"]))
                assert np.array_equal(back, sample.mask.instances)


def test_the_loader_of_hugging_face_reads_the_shards_too(tmp_path):
    from datasets import load_dataset

    export_set = make_set(instances=True)
    deliver("webdataset", export_set, tmp_path / "out", ExportOptions(), quiet)
    cache = str(tmp_path / "hf")
    data = load_dataset("webdataset", data_dir=str(tmp_path / "out"), cache_dir=cache)
    for split, name in (("train", "train"), ("val", "validation"), ("test", "test")):
        for item, sample in zip(data[name], export_set.samples(split), strict=True):
            assert item["json"]["id"] == item["__key__"] == sample.id
            assert np.array_equal(np.asarray(item["png"]), sample.image)
            assert np.array_equal(np.asarray(item["mask.png"]), sample.mask.labels)
