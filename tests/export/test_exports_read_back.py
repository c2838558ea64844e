"""A run's export is data again: the same pixels, classes, splits, groups, ids."""

import h5py
import numpy as np
import pytest

import medsynth
from medsynth.core.errors import InputError
from medsynth.data.ids import make_ids
from medsynth.data.index import build_index
from medsynth.data.load import load_original
from medsynth.data.options import DataOptions
from medsynth.io.runs import Run
from medsynth.testing import check_reader
from medsynth.workflows.export.export import run_export_set
from medsynth.workflows.recipe import read_run_recipe

FOLDERS = "paired-folders"


def build(root, **options):
    return build_index(root, DataOptions(size=32, **options), seed=0)


@pytest.fixture
def numbered(tmp_path, blobs, recipe):
    data = blobs(grey=True, instances=True)
    options = {"data.mask": "instances"}
    return medsynth.fit(data, recipe=str(recipe), run=tmp_path / "run", options=options).run


def check(run, out, options):
    """Compare what is read back with what was exported; return the index."""
    made = run_export_set(Run(run), read_run_recipe(Run(run), options).export)
    index = build(out)
    assert [c.name for c in index.classes] == [c.name for c in made.classes]
    assert index.channels == made.channels
    items = {item.id: item for item in index.items}
    keys = [row.id if index.reader != FOLDERS else f"{row.split}/{row.id}" for row in made.rows]
    ids = make_ids(keys)  # a sample of that run is none of the next
    assert items.keys() == set(ids)
    for name, row, sample in zip(ids, made.rows, made, strict=True):
        assert name == row.id or row.origin == "synthetic" or index.reader == FOLDERS
        item = items[name]
        assert (item.split, item.group) == (row.split, row.group)
        assert item.attributes["origin"] == row.origin
        back = load_original(index, item)
        assert np.array_equal(back.image, sample.image)
        assert np.array_equal(back.mask.labels, sample.mask.labels)
        if sample.mask.instances is not None:
            pairs = np.stack([back.mask.instances, sample.mask.instances], -1).reshape(-1, 2)
            assert len(np.unique(pairs, axis=0)) == sample.mask.instances.max() + 1
    return index


@pytest.mark.parametrize(
    ("form", "options"),
    [
        ("coco", {}),
        ("coco", {"export.segmentation": "polygon"}),
        ("hdf5", {}),
        ("folder", {}),
        ("folder", {"export.mask_values": "255"}),
    ],
)
def test_a_colour_run_with_synthetic_pairs(augmented, tmp_path, form, options):
    result = medsynth.export(form, run=augmented.run, out=tmp_path / "out", options=options)
    index = check(augmented.run, result.out, [f"{k}={v}" for k, v in options.items()])
    assert index.reader == (FOLDERS if form == "folder" else form)
    check_reader(index.reader, result.out)
    assert any(note.code == "synthetic-pairs" for note in index.notes)
    real = build(result.out, where={"origin": "real"})
    assert {item.attributes["origin"] for item in real.items} == {"real"}
    assert not any(note.code == "synthetic-pairs" for note in real.notes)


@pytest.mark.parametrize("form", ["coco", "hdf5", "folder"])
def test_a_grey_run_with_instances(numbered, tmp_path, form):
    options = {"export.ratio": 0}
    result = medsynth.export(form, run=numbered, out=tmp_path / "out", options=options)
    assert check(numbered, result.out, ["export.ratio=0"]).has_instances


@pytest.mark.parametrize("form", ["coco", "hdf5", "folder"])
def test_fit_takes_an_export(augmented, recipe, tmp_path, form):
    result = medsynth.export(form, run=augmented.run, out=tmp_path / "out")
    assert medsynth.doctor(result.out, recipe=str(recipe)).pairs == 20
    again = medsynth.fit(result.out, recipe=str(recipe), run=tmp_path / "again")
    assert again.run.is_dir()


def test_a_damaged_or_strange_hdf5_file(augmented, tmp_path):
    out = medsynth.export("hdf5", run=augmented.run, out=tmp_path / "out").out
    (path,) = out.glob("*.h5")
    whole = path.read_bytes()
    with h5py.File(path, "a") as file:
        del file["group"]
    with pytest.raises(InputError, match="it has no group"):
        build(out)
    with h5py.File(path, "w") as file:
        file["a"] = 1
    with pytest.raises(InputError, match="`format` is not medsynth-hdf5"):
        build(out)
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputError, match="some HDF5 files are no exports"):
        build(out)
    path.write_bytes(whole)
    (out / "copy.h5").write_bytes(whole)
    with pytest.raises(InputError, match="some pairs stand in two places"):
        build(out)


def test_an_index_whose_reader_or_file_is_gone(augmented, tmp_path):
    out = medsynth.export("hdf5", run=augmented.run, out=tmp_path / "out").out
    index = build(out)
    index.save(tmp_path)
    text = (tmp_path / "index.json").read_text().replace('"hdf5"', '"elsewhere"')
    (tmp_path / "index.json").write_text(text)
    strange = type(index).load(tmp_path)
    with pytest.raises(InputError, match="read by 'elsewhere'"):
        load_original(strange, strange.items[0])
    next(out.glob("*.h5")).unlink()
    with pytest.raises(InputError, match="cannot be read"):
        load_original(index, index.items[0])
