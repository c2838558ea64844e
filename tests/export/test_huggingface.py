import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from medsynth.exporters.deliver import deliver
from medsynth.exporters.options import ExportOptions

from .readers import datalist, imagefolder, picture, shards
from .sets import TWO, make_set, quiet


@pytest.mark.parametrize("instances", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
def test_datasets_gives_every_column_of_every_sample(channels, instances, tmp_path):
    export_set = make_set(channels=channels, instances=instances)
    deliver("huggingface", export_set, tmp_path / "out", ExportOptions(), quiet)
    data = imagefolder(tmp_path / "out")
    sources = {row.id: ";".join(row.sources) for row in export_set.rows}
    for split, name in (("train", "train"), ("val", "validation"), ("test", "test")):
        for item, sample in zip(data[name], export_set.samples(split), strict=True):
            assert (item["id"], item["origin"]) == (sample.id, sample.origin)
            assert (item["group"], item["sources"]) == (sample.group, sources[sample.id])
            image = np.asarray(item["image"])
            assert np.array_equal(image.reshape(sample.image.shape), sample.image)
            assert np.array_equal(np.asarray(item["mask"]), sample.mask.labels)
            if instances:
                assert np.array_equal(np.asarray(item["instances"]), sample.mask.instances)
    classes = json.loads((tmp_path / "out" / "classes.json").read_text(encoding="utf-8"))
    assert [item["name"] for item in classes["classes"]] == [item.name for item in TWO]


@pytest.mark.parametrize("name", ["huggingface", "monai", "webdataset"])
def test_samples_without_instances_among_others_have_zeros(name, tmp_path):
    whole = make_set(instances=True)

    def load(row):
        sample = whole.load(row)
        bare = replace(sample.mask, instances=None)
        return replace(sample, mask=bare) if row.origin == "real" else sample

    export_set = replace(whole, load=load)
    result = deliver(name, export_set, tmp_path / "out", ExportOptions(), quiet)
    assert "Instances are 0" in result.notes[0]
    found = {
        "huggingface": lambda out: [
            (item["id"], np.asarray(item["instances"])) for item in imagefolder(out, "train")
        ],
        "monai": lambda out: [
            (Path(item["image"]).stem, picture(item["instances"]))
            for item in datalist(out, "training")
        ],
        "webdataset": lambda out: [
            (item["__key__"], picture(io.BytesIO(item["instances.png"])))
            for item in shards(out, "train")
        ],
    }[name](tmp_path / "out")
    for sample, (key, instances) in zip(export_set.samples("train"), found, strict=True):
        assert key == sample.id
        expected = sample.mask.instances
        assert np.array_equal(instances, 0 * instances if expected is None else expected)
