import json

import h5py
import numpy as np
import pytest
import typer
from PIL import Image
from typer.testing import CliRunner

from medsynth.cli import export as verb
from medsynth.core.errors import InputError, UsageError
from medsynth.core.keys import key_of
from medsynth.core.types import Mask, Sample
from medsynth.data.index import DataIndex
from medsynth.data.load import load_original, load_sample
from medsynth.exporters.exporter import EXPORTERS
from medsynth.store.lineage import Lineage
from medsynth.store.samples import NewSample, SampleStore
from medsynth.workflows.export.export import ExportConfig, export_run

from .readers import READERS
from .runs import SIZE, augment, make_run
from .sets import quiet


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path)


def test_a_run_becomes_folders_with_real_and_synthetic_pairs(run):
    augment(run, 9)
    result = export_run(ExportConfig("folder", run.path), quiet)
    index = DataIndex.load(run.path)
    assert result.out == run.exports / "folder"
    assert result.counts == {
        "train": {"real": len(index.split("train")), "synthetic": 9},
        "val": {"real": len(index.split("val"))},
        "test": {"real": len(index.split("test"))},
    }
    for item in index.items:
        mask = np.asarray(Image.open(result.out / item.split / "masks" / f"{item.id}.png"))
        assert np.array_equal(mask, load_sample(index, item).mask.labels)
    for sample in SampleStore(run.samples):
        mask = np.asarray(Image.open(result.out / "train" / "masks" / f"{sample.id}.png"))
        assert np.array_equal(mask, sample.mask.labels)
    card = json.loads((result.out / "export.json").read_text())
    assert card["about"]["run"] == "polyps-1"
    assert card["about"]["checkpoint_sha256"] == ["c" * 64]
    assert export_run(ExportConfig("folder", run.path), quiet).up_to_date


def test_more_samples_are_another_export(run):
    augment(run, 3)
    export_run(ExportConfig("hdf5", run.path), quiet)
    augment(run, 2, first=3)
    with pytest.raises(UsageError, match="holds another export"):
        export_run(ExportConfig("hdf5", run.path), quiet)
    result = export_run(ExportConfig("hdf5", run.path, overwrite=True), quiet)
    with h5py.File(result.out / "polyps-1.h5") as file:
        assert (file["origin"].asstr()[:] == "synthetic").sum() == 5


def test_before_any_augment_the_tip_says_what_to_do(run):
    with pytest.raises(UsageError, match="no synthetic samples yet") as caught:
        export_run(ExportConfig("folder", run.path), quiet)
    assert "medsynth augment --n" in (caught.value.tip or "")
    result = export_run(ExportConfig("folder", run.path, sets=("export.ratio=0",)), quiet)
    assert result.counts["train"].keys() == {"real"}


def test_synthetic_only(run):
    augment(run, 4)
    sets = ("export.synthetic_only=true",)
    result = export_run(ExportConfig("coco", run.path, sets=sets), quiet)
    assert result.counts == {"train": {"synthetic": 4}}
    assert "no val and no test" in result.notes[0]


def test_original_geometry_for_formats_that_can(run, tmp_path):
    augment(run, 2)
    sets = ("export.geometry=original",)
    result = export_run(ExportConfig("folder", run.path, sets=sets), quiet)
    for item in DataIndex.load(run.path).items:
        image = Image.open(result.out / item.split / "images" / f"{item.id}.png")
        assert image.size == (20 + int(item.id[1:]), 20)
        source = np.asarray(Image.open(tmp_path / "data" / "images" / f"{item.id}.png"))
        assert np.array_equal(np.asarray(image), source)
    assert "tell the two apart" in result.notes[0]
    with pytest.raises(InputError, match="differ in size"):
        export_run(ExportConfig("hdf5", run.path, sets=sets), quiet)


@pytest.mark.parametrize("name", [n for n in EXPORTERS.names() if n not in {"hdf5", "transunet"}])
def test_original_geometry_and_names_by_template_in_every_format(name, run, capsys):
    augment(run, 2)
    sets = ("export.geometry=original", 'export.name_template="{split}_{id}"')
    result = export_run(ExportConfig(name, run.path, sets=sets), quiet)
    found = READERS[name](result.out)
    index = DataIndex.load(run.path)
    for item in index.items:
        assert np.array_equal(
            found[f"{item.split}_{item.id}"], load_original(index, item).mask.labels
        )
    assert found[f"train_{key_of(0)}"].shape == (SIZE, SIZE)


def test_a_source_of_test_is_refused(run):
    test = DataIndex.load(run.path).split("test")[0]
    augment(run, 2, sources=(test.id,))
    with pytest.raises(InputError, match=f"mask {test.id} \\(test\\)"):
        export_run(ExportConfig("folder", run.path), quiet)
    assert not run.exports.exists()


def test_brought_masks_are_said(run):
    augment(run, 2, sources=())
    assert "outside the data" in export_run(ExportConfig("folder", run.path), quiet).notes[0]


def test_an_unknown_format_is_named_before_anything_is_read(tmp_path):
    with pytest.raises(UsageError, match="unknown export format 'yolo'"):
        export_run(ExportConfig("yolo", tmp_path), quiet)


def program():
    app = typer.Typer()
    verb.register(app)
    app.callback()(lambda: None)
    return app


def test_the_verb_shows_a_table_a_place_and_how_to_load(run):
    augment(run, 3)
    shown = CliRunner().invoke(program(), ["export", "--format", "hdf5", "--run", str(run.path)])
    assert shown.exit_code == 0, shown.output
    for text in ("train", "synthetic", str(run.exports / "hdf5"), 'Hdf5Dataset("', "next: from "):
        assert text in shown.stdout
    again = ["export", "-f", "hdf5", "--run", str(run.path), "--json"]
    found = json.loads(CliRunner().invoke(program(), again).stdout)
    assert found["up_to_date"]
    assert found["counts"]["train"]["synthetic"] == 3


def gates(percentile):
    return {"attempt": 0, "verdicts": {"faithful": {"percentile": percentile}}, "refused": []}


def test_samples_that_a_person_threw_out_are_not_exported(run, tmp_path):
    augment(run, 5)
    ids = tmp_path / "ids.txt"
    ids.write_text("s0000002\ns0000005  # blurred\n")
    sets = (f"export.reject={ids}",)
    result = export_run(ExportConfig("folder", run.path, sets=sets), quiet)
    assert result.counts["train"]["synthetic"] == 3
    assert "Thrown out by export.reject: 2 samples." in result.notes
    assert not list(result.out.rglob("s0000002.png"))
    assert str(tmp_path) not in (result.out / "export.json").read_text()
    other = tmp_path / "deep" / "same.txt"
    other.parent.mkdir()
    other.write_text("# another file that says the same\ns0000005\ns0000002\n")
    same = export_run(ExportConfig("folder", run.path, sets=(f"export.reject={other}",)), quiet)
    assert same.up_to_date
    ids.write_text("s0000002\n")
    with pytest.raises(UsageError, match="holds another export"):
        export_run(ExportConfig("folder", run.path, sets=sets), quiet)
    real = DataIndex.load(run.path).items[0].id
    ids.write_text(f"{real}\ns0000009\n")
    with pytest.raises(InputError, match=f"line 1: {real} is a real pair.* line 2: s0000009"):
        export_run(ExportConfig("folder", run.path, sets=sets), quiet)


def test_a_ratio_takes_the_samples_that_the_gates_liked_best(run):
    augment(run, 12, gates=[gates(k / 20) for k in range(12)])
    index = DataIndex.load(run.path)
    wanted = len(index.split("train"))
    assert wanted < 12
    result = export_run(ExportConfig("folder", run.path, sets=("export.ratio=1",)), quiet)
    names = sorted(path.stem for path in (result.out / "train" / "masks").glob("s0*.png"))
    assert names == [key_of(k) for k in range(12 - wanted, 12)]


def test_stratified_by_the_classes_of_real_masks(run):
    """Every real pair shows the one class; a sample without it gets no place."""
    augment(run, 4)
    store = SampleStore(run.samples)
    lineage = Lineage(
        (DataIndex.load(run.path).split("train")[0].id,), ({"op": "cut"},), 7, "c" * 64
    )
    empty = Mask(np.zeros((SIZE, SIZE), np.uint8))
    image = np.zeros((SIZE, SIZE, 3), np.uint8)
    sample = Sample(key_of(4), image, empty, "train", "synthetic", "")
    store.add([NewSample(sample, 4, lineage)])
    sets = ("export.stratify=class",)
    result = export_run(ExportConfig("folder", run.path, sets=sets), quiet)
    assert result.counts["train"]["synthetic"] == 4
    assert any("4 of 5 synthetic pairs" in note for note in result.notes)
