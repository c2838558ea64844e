"""Slices go back to volumes: every voxel and every millimetre."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from medsynth_medical_io.__main__ import main
from medsynth_medical_io.nifti_exporter import Nifti, NiftiExportOptions, stacks

import medsynth
from medsynth.core.types import LabelClass
from medsynth.data.geometry import plan_geometry
from medsynth.data.index import build_index
from medsynth.data.load import load_original, load_sample
from medsynth.data.options import DataOptions
from medsynth.exporters.exporter import ExportSet, Row
from medsynth.testing import check_exporter

from .conftest import HOME


def read_masks(folder):
    """Read an export back by its table: id -> (H, W) class ids."""
    rows = list(csv.DictReader((folder / "stacks.csv").read_text().splitlines()))
    found = {}
    for row in rows:
        image = nib.load(folder / row["split"] / "labels" / f"{row['file']}.nii.gz")
        found[row["id"]] = np.asanyarray(image.dataobj)[..., int(row["slice"])].T
    return found


def test_contract(tmp_path):
    check_exporter(Nifti, tmp_path, read_masks)
    check_exporter("nifti", tmp_path / "named", read_masks)


def exported(index, load=load_original):
    items = {item.id: item for item in index.items}
    rows = tuple(Row(i.id, i.split, "real", i.group, attributes=i.attributes) for i in index.items)
    return ExportSet("x", index.classes, index.channels, index.has_instances, rows,
                     lambda row: load(index, items[row.id]))  # fmt: skip


@pytest.mark.parametrize("axis", ["axial", "coronal", "sagittal"])
def test_label_volumes_come_back_voxel_for_voxel(volumes, tmp_path, axis):
    options = DataOptions(size=16, plugin={"nifti": {"axis": axis, "window": [100, 400]}})
    made = exported(build_index(volumes, options, seed=0))
    out = tmp_path / "out"
    out.mkdir()
    Nifti().write(made, out, NiftiExportOptions(), lambda *_: None)
    assert any(n.startswith("Not in this export, and 0: ") for n in Nifti().check(made, None))
    sources = [nib.load(path) for path in sorted((volumes / "labelsTr").iterdir())]
    back = [nib.load(path) for path in out.glob("*/labels/*.nii.gz")]
    assert len(back) == len(sources) == 6
    for image in back:
        (source,) = [s for s in sources if np.array_equal(s.dataobj, image.dataobj)]
        assert np.allclose(source.affine, image.affine, atol=1e-5)
        assert source.header.get_zooms() == pytest.approx(image.header.get_zooms())
    again = build_index(out, DataOptions(size=16, plugin={"nifti": {"axis": axis}}), seed=0)
    assert len(again.items) == len(made.rows)
    assert {item.split for item in again.items} == {"train", "val", "test"}
    assert [c.name for c in again.classes] == [c.name for c in made.classes]


@pytest.mark.parametrize("fit", ["crop", "letterbox", "stretch"])
def test_at_the_models_size_slices_still_lie_where_they_were(volumes, fit):
    index = build_index(volumes, DataOptions(size=(32, 24), fit=fit), seed=0)
    for name, _, stack in stacks(exported(index, load_sample), 256):
        item = next(i for i in index.items if i.attributes["volume"] == name)
        assert stack.labels.shape == (24, 32, 9)
        numbers = np.array(item.attributes["affine"].split(), float).reshape(3, 4)
        plan = plan_geometry(item.source_hw, (32, 24), fit)
        top, left, height, width = plan.source_box
        centre = [left + (width - 1) / 2, top + (height - 1) / 2, 4, 1]
        top, left, height, width = plan.target_box
        own = [left + (width - 1) / 2, top + (height - 1) / 2, 4, 1]
        assert np.allclose(stack.affine[:3] @ own, numbers @ centre)


def test_loose_samples_are_stacked_by_size(tmp_path):
    def load(row):
        from medsynth.core.types import Mask, Sample

        side = 8 if row.id < "s3" else 12
        image = np.zeros((side, side, 1), np.uint8)
        return Sample(row.id, image, Mask(image[..., 0]), "train", "synthetic", "g")

    rows = tuple(Row(f"s{k}", "train", "synthetic", "g") for k in range(6))
    made = ExportSet("x", (LabelClass(0, "background"),), 1, False, rows, load)
    sizes = [(name, stack.labels.shape) for name, _, stack in stacks(made, 2)]
    assert sizes == [("synthetic-0001", (8, 8, 2)), ("synthetic-0002", (8, 8, 1)),
                     ("synthetic-0003", (12, 12, 2)), ("synthetic-0004", (12, 12, 1))]  # fmt: skip


def test_medsynth_lists_it(metadata):
    core = Path(medsynth.__file__).parents[1]
    path = [str(metadata), str(HOME / "src"), str(core), os.environ.get("PYTHONPATH", "")]
    found = subprocess.run(
        [sys.executable, "-m", "medsynth", "plugins", "--json"],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, path))},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    listed = json.loads(found.stdout)
    ours = {(kind, name) for kind, names in listed.items() for name, dist in names.items()
            if dist == "medsynth-medical-io"}  # fmt: skip
    assert ours == {("data layout reader", "dicom"), ("data layout reader", "nifti"),
                    ("export format", "nifti")}  # fmt: skip


RECIPE = """\
data: {size: 16}
model: {codec: {name: haar, factor: 4}, compact: {channels: [8, 16], hint_width: 2}}
training: {batch: 4, threads: 1}
base: {steps: 2, warmup_steps: 1}
siamese: {steps: 2, warmup_steps: 1}
"""


def test_a_run_goes_back_to_volumes_and_names_nobody(volumes, tmp_path):
    recipe, run, out = tmp_path / "tiny.yaml", tmp_path / "run", tmp_path / "out"
    recipe.write_text(RECIPE)
    window = {"data.plugin.nifti.window": [100, 400]}
    medsynth.fit(volumes, recipe=str(recipe), run=run, options=window, device="cpu")
    whole = {"export.ratio": 0, "export.geometry": "original"}
    medsynth.export("nifti", run=run, out=out, options=whole)
    for path in (*run.rglob("*"), *out.rglob("*")):
        assert "SMITH" not in path.name
        assert path.is_dir() or b"SMITH" not in path.read_bytes(), path
    back = {nib.load(path).get_fdata().sum() for path in out.glob("*/labels/*")}
    truth = {nib.load(path).get_fdata().sum() for path in (volumes / "labelsTr").iterdir()}
    assert back == truth


def test_whoever_has_the_data_finds_the_file_of_a_name(volumes, capsys):
    index = build_index(volumes, DataOptions(size=16), seed=0)
    assert main([str(volumes)]) == 0
    table = dict(line.split("\t") for line in capsys.readouterr().out.splitlines())
    digest = index.items[0].attributes["volume"].rpartition("-")[2]
    assert table[digest].startswith("imagesTr/SMITH_JOHN_")
    assert main([]) == 2
    assert main([str(volumes / "gone")]) == 3
    assert medsynth.doctor(volumes).pairs == 30
