"""What cameras and scanners write beside the pixels stays out of every export."""

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from medsynth.exporters.exporter import EXPORTERS
from medsynth.workflows.export.export import ExportConfig, export_run
from medsynth.workflows.fit.fit import FitConfig, fit

SECRET = "Doe, Jane 1970-01-01"


@pytest.fixture(scope="module")
def run(tmp_path_factory, recipe, blobs_anywhere):
    """A run on images that name their patient in every way that they can."""
    folder = tmp_path_factory.mktemp("leaks")
    data = blobs_anywhere(folder / "data", n=8)
    for k, path in enumerate(sorted((data / "images").iterdir())):
        image = Image.fromarray(np.asarray(Image.open(path))[..., 0])
        exif, words = Image.Exif(), PngInfo()
        exif[0x010E] = exif[0x013B] = SECRET
        words.add_text("Patient", SECRET)
        if k % 2:
            image.save(path, exif=exif, pnginfo=words, icc_profile=SECRET.encode() * 8)
        else:
            path.unlink()
            image.save(path.with_suffix(".tif"), exif=exif, description=SECRET)
        assert SECRET.encode() in next(data.glob(f"images/{path.stem}.*")).read_bytes()
    sets = ("base.steps=1", "siamese.steps=1")
    fit(FitConfig(data, str(recipe), folder / "run", sets, device="cpu"), lambda *_: None)
    return folder / "run"


@pytest.mark.parametrize("name", EXPORTERS.names())
def test_no_export_holds_what_stood_beside_the_pixels(name, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "out"
    export_run(ExportConfig(name, run, out, sets=("export.ratio=0",)), lambda *_: None)
    written = [path for path in out.rglob("*") if path.is_file()]
    assert written
    assert [path.name for path in written if b"Jane" in path.read_bytes()] == []


def test_the_run_holds_nothing_of_it_either(run):
    files = [path for path in run.rglob("*") if path.is_file()]
    assert [path for path in files if b"Jane" in path.read_bytes()] == []
