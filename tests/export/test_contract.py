import numpy as np
import pytest
from PIL import Image

from medsynth.exporters.exporter import EXPORTERS
from medsynth.exporters.folder import Folder
from medsynth.testing import check_exporter


@pytest.mark.parametrize("name", EXPORTERS.names())
def test_each_registered_exporter_keeps_the_contract(name, tmp_path):
    check_exporter(name, tmp_path)


def read_masks(folder):
    return {path.stem: np.asarray(Image.open(path)) for path in folder.glob("*/masks/*.png")}


def test_the_reader_of_a_format_compares_every_pixel(tmp_path):
    check_exporter(Folder, tmp_path, read_masks)


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
        check_exporter(broken(how), tmp_path, read_masks)
