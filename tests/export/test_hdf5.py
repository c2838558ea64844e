import json
from dataclasses import replace

import h5py
import numpy as np
import pytest

from medsynth.core.errors import InputError
from medsynth.exporters.hdf5 import Hdf5, Hdf5Options

from .sets import make_set, quiet


@pytest.mark.parametrize("gzip_level", [0, 4])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("instances", [False, True])
def test_every_pixel_and_text_comes_back(channels, instances, gzip_level, tmp_path):
    export_set = make_set(channels=channels, instances=instances)
    Hdf5().write(export_set, tmp_path, Hdf5Options(gzip_level=gzip_level), quiet)
    with h5py.File(tmp_path / "polyps-1.h5") as file:
        assert file["images"].shape == (len(export_set), 24, 37, channels)
        assert file["images"].chunks == (1, 24, 37, channels)
        assert (file["images"].dtype, file["masks"].dtype) == (np.uint8, np.uint8)
        assert ("instances" in file) is instances
        for index, (sample, row) in enumerate(zip(export_set, export_set.rows, strict=True)):
            assert np.array_equal(file["images"][index], sample.image)
            assert np.array_equal(file["masks"][index], sample.mask.labels)
            if instances:
                assert np.array_equal(file["instances"][index], sample.mask.instances)
            texts = [file[n].asstr()[index] for n in ("ids", "split", "origin", "group", "sources")]
            assert texts == [row.id, row.split, row.origin, row.group, ";".join(row.sources)]
        classes = json.loads(file.attrs["classes"])
        assert [(c["id"], c["name"]) for c in classes] == [
            (c.id, c.name) for c in export_set.classes
        ]
        assert "2505.06068" in file.attrs["citation"]
        assert file.attrs["generator"].startswith("medsynth ")
        assert file.attrs["license_note"]


def test_images_of_several_sizes_are_refused():
    with pytest.raises(InputError, match="differ in size"):
        Hdf5().check(replace(make_set(), hw=None), Hdf5Options())


def test_a_name_that_no_file_could_have(tmp_path):
    Hdf5().write(make_set(name="../über polyps"), tmp_path, Hdf5Options(), quiet)
    assert [path.name for path in tmp_path.iterdir()] == ["ber-polyps.h5"]


@pytest.mark.parametrize("level", [0, 1, 4, 9])
def test_chunks_are_those_that_hdf5_makes_itself(level, tmp_path):
    export_set = make_set(instances=True)
    Hdf5().write(export_set, tmp_path, Hdf5Options(gzip_level=level), quiet)
    kinds = ("images", "masks", "instances")
    with h5py.File(tmp_path / "polyps-1.h5") as ours, h5py.File(tmp_path / "x.h5", "w") as theirs:
        for name in kinds:
            made = theirs.create_dataset_like(name, ours[name])
            made[...] = ours[name][...]
        theirs.flush()
        for name in kinds:
            for index in range(len(export_set)):
                start = (index, *(0 for _ in ours[name].shape[1:]))
                assert ours[name].id.read_direct_chunk(start) == (
                    theirs[name].id.read_direct_chunk(start)
                )
