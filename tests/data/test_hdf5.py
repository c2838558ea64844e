"""HDF5 files with an id twice: told, and the first can be taken."""

import json
import time
from pathlib import Path, PurePosixPath

import h5py
import numpy as np
import pytest

from medsynth.core.errors import InputError
from medsynth.data.index import build_index
from medsynth.data.listing import Listing
from medsynth.data.load import load_original
from medsynth.data.options import DataOptions
from medsynth.data.readers import hdf5
from medsynth.data.readers.hdf5_table import COLUMNS, FORMAT, Table

from .conftest import blob, picture


def write(path, ids):
    classes = [{"id": 0, "name": "background"}, {"id": 1, "name": "cell"}]
    with h5py.File(path, "w") as file:
        file.attrs["format"], file.attrs["classes"] = FORMAT, json.dumps(classes)
        file["images"] = np.stack([picture(i) for i in range(len(ids))])
        file["masks"] = np.stack([blob(i, value=1) for i in range(len(ids))])
        for name in COLUMNS:
            file[name] = [text.encode() for text in (ids if name == "ids" else [""] * len(ids))]


def build(root, **options):
    return build_index(root, DataOptions(size=32, **options), seed=0)


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a.h5": ["x", "y", "x", "z"]}, "1: x: a.h5/masks/0 and a.h5/masks/2"),
        ({"a.h5": ["x", "y"], "b.h5": ["z", "x"]}, "1: x: a.h5/masks/0 and b.h5/masks/1"),
    ],
)
def test_an_id_twice_is_told_and_the_second_can_be_left_out(tmp_path, files, said):
    for name, ids in files.items():
        write(tmp_path / name, ids)
    with pytest.raises(InputError) as caught:
        build(tmp_path)
    assert f"some pairs stand in two places ({said})" in caught.value.what
    index = build(tmp_path, on_mismatch="skip")
    assert [item.id for item in index.items] == ["x", "y", "z"]
    assert np.array_equal(load_original(index, index.items[0]).image, picture(0))


def test_many_rows_take_no_longer_each(monkeypatch):
    ids = [f"s{k:07d}" for k in range(30_000)]
    table = Table(dict.fromkeys(COLUMNS, ids), {}, numbered=False)
    monkeypatch.setattr(hdf5, "read_table", lambda _: table)
    listing = Listing(Path("/nowhere"), (), (PurePosixPath("a.h5"), PurePosixPath("b.h5")), ())
    start = time.perf_counter()
    found = hdf5.Hdf5().find(listing)
    assert time.perf_counter() - start < 5  # counting each id among all took a minute
    assert (len(found.pairs), len(found.twice)) == (30_000, 30_000)
