"""A run on data that says of whom it is, and a converter into one to give away."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from medsynth.io.images import read_png
from medsynth.workflows.augment.augment import AugmentConfig, augment
from medsynth.workflows.convert import ConvertConfig, convert
from medsynth.workflows.fit.fit import FitConfig, fit

from .marks import FOLDER, MARKER, MASKS, PAIRS, SURNAMES, quiet


def write_patients(root, blobs):
    """Data that says of whom it is, wherever data can: names, groups, labels, pixels, metadata."""
    data = blobs(root / FOLDER, n=PAIRS)
    for k, path in enumerate(sorted(data.glob("images/*.png"))):
        name = f"{SURNAMES[k % 5]}_1957-{k:02d}"
        pixels = read_png(path).copy()
        pixels[k, :, 0] = np.frombuffer(MARKER, np.uint8)
        about = PngInfo()
        about.add_text("PatientName", name)
        Image.fromarray(pixels).save(data / "images" / f"{name}.png", pnginfo=about)
        path.unlink()
        (data / "masks" / path.name).rename(data / "masks" / f"{name}.png")
    stems = sorted(path.stem for path in data.glob("images/*.png"))
    with (data / "groups.csv").open("w", newline="") as file:
        csv.writer(file).writerows(
            [("stem", "group"), *((stem, f"case {stem[:5]}-{stem[-1]}") for stem in stems)]
        )
    with (data / "operators.csv").open("w", newline="") as file:
        operators = [f"Oberarzt {SURNAMES[k % 2]}" for k in range(PAIRS)]
        csv.writer(file).writerows([("stem", "operator"), *zip(stems, operators, strict=True)])
    return data


@pytest.fixture(scope="module")
def home(tmp_path_factory, blobs_anywhere, recipe):
    """Return a run with eight samples, and its data; not to be changed."""
    root = tmp_path_factory.mktemp("home")
    data = write_patients(root, blobs_anywhere)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        run = root / "run-of-Suedstadt"
        sets = ("model.label_column=operator",)
        fit(FitConfig(data, str(recipe), run, sets, device="cpu"), quiet)
        augment(AugmentConfig(8, run, device="cpu"), quiet)
    return run


@pytest.fixture
def own_home(home, tmp_path):
    """Return a copy of the run, to change."""
    return Path(shutil.copytree(home, tmp_path / "copy"))


@pytest.fixture
def share(tmp_path, monkeypatch):
    """Return a converter of a run into one to give away, in a folder elsewhere."""
    monkeypatch.chdir(tmp_path)

    def to(run, masks=MASKS, sets=()):
        convert(ConvertConfig("shareable", tmp_path / "given", run, sets, masks))
        return tmp_path / "given"

    return to
