from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from medsynth.exporters.deliver import deliver
from medsynth.exporters.exporter import EXPORTERS
from medsynth.exporters.folder import Folder
from medsynth.exporters.options import ExportOptions
from medsynth.testing import check_exporter

from .readers import READERS
from .sets import make_set, quiet

BUILT_IN = [name for name, by in EXPORTERS.providers().items() if by == "medsynth"]


@pytest.mark.parametrize("name", BUILT_IN)
def test_each_format_keeps_the_contract_and_its_reader_gets_every_pixel(name, tmp_path, capsys):
    # A row of YOLO is one outline; an instance in pieces is more (test_yolo.py).
    check_exporter(name, tmp_path, None if name == "yolo-seg" else READERS[name])


@pytest.mark.parametrize("instances", [False, True])
@pytest.mark.parametrize("name", BUILT_IN)
def test_the_reader_of_a_format_gets_every_hard_mask(name, instances, tmp_path, capsys):
    export_set = make_set(channels=1, instances=instances)
    deliver(name, export_set, tmp_path / "out", ExportOptions(), quiet)
    found = READERS[name](tmp_path / "out")
    assert found.keys() == {row.id for row in export_set.rows}
    for sample in export_set:
        same = np.array_equal(found[sample.id], sample.mask.labels)
        assert same or (name == "yolo-seg" and instances)  # it says so: test_yolo_seg.py
        assert found[sample.id].shape == sample.mask.hw


@pytest.mark.parametrize("name", [name for name in BUILT_IN if name not in {"hdf5", "transunet"}])
def test_images_of_several_sizes_come_back(name, tmp_path, capsys):
    small, large = make_set(hw=(41, 32)), make_set()
    sizes = {row.id: (small, large)[k % 2] for k, row in enumerate(large.rows)}
    mixed = replace(large, hw=None, load=lambda row: sizes[row.id].load(row))
    deliver(name, mixed, tmp_path / "out", ExportOptions(), quiet)
    found = READERS[name](tmp_path / "out")
    for sample in mixed:
        assert np.array_equal(found[sample.id], sample.mask.labels)
    assert len({labels.shape for labels in found.values()}) == 2


def broken(how):
    class Broken(Folder):
        def write(self, export_set, out, options, report):
            if how == "loads twice":
                list(export_set)
            if how == "writes outside":
                (out.parent / "x").write_text("x")
            if how == "absolute path":
                (out / "x").write_text(str(out))
            if how == "other bytes":
                (out / "x").write_text(out.name)
            result = super().write(export_set, out, options, report)
            if how == "counts":
                result.counts["train"]["real"] += 1
            if how == "a pixel":
                path = next(out.rglob("masks/*.png"))
                Image.fromarray(np.asarray(Image.open(path)) ^ 1).save(path)
            return result

        def check(self, export_set, options):
            return [1] if how == "notes" else []

        def how_to_load(self, export_set, out):
            return "a\nb" if how == "lines" else "a"

    return Broken


@pytest.mark.parametrize(
    "how",
    ["loads twice", "writes outside", "absolute path", "other bytes", "counts", "a pixel",
     "notes", "lines"],
)  # fmt: skip
def test_each_breach_is_found(how, tmp_path):
    with pytest.raises(AssertionError, match="Broken on"):
        check_exporter(broken(how), tmp_path, READERS["folder"])
