"""A run whose samples are real images that it never saw: what an evaluation should let pass."""

import contextlib
import importlib
import shutil
import sys
from pathlib import Path

import pytest

import medsynth
from medsynth.quality.features.extractor import EXTRACTORS

from .scenes import draw, put, scenes

FIT = {
    "data.size": 48,
    "data.fractions": [0.4, 0.2, 0.4],
    "gates.segmenter": {"steps": 60, "width": 8, "batch": 8},
}
QUICK = {"evaluate.features": "cells", "evaluate.attack_draws": 0, "evaluate.diversity_masks": 0}


def forget_plugins():
    """Let the registry look at what is installed again."""
    importlib.invalidate_caches()
    EXTRACTORS.__dict__.pop("_points", None)


@pytest.fixture(scope="package", autouse=True)
def _cells(tmp_path_factory):
    """Install the plugin as pip would leave it."""
    site = tmp_path_factory.mktemp("site")
    info = site / "medsynth_cells-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: medsynth-cells\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[medsynth.features]\ncells = medsynth_cells:Cells\n")
    shutil.copy(Path(__file__).parent / "cells.py", site / "medsynth_cells.py")
    sys.path.insert(0, str(site))
    forget_plugins()
    yield
    sys.path.remove(str(site))
    forget_plugins()


@pytest.fixture(scope="package")
def judge(_cells):
    """Return an evaluation of a run without what takes the model, unless asked for."""

    def do(run, real=None, **options):
        told = {f"evaluate.{key}": value for key, value in options.items()}
        return medsynth.evaluate(run=run, real=real, options=QUICK | told, device="cpu").values

    return do


@pytest.fixture(scope="package")
def passing(tmp_path_factory, recipe, judge):
    """A run with real images as its samples, and its evaluation; not to be changed."""
    folder = tmp_path_factory.mktemp("evaluate")
    with contextlib.chdir(folder):
        data = draw(folder / "data", 0, 70)
        medsynth.fit(data, recipe=str(recipe), run=folder / "run", options=FIT, device="cpu")
        put(folder / "run", *scenes(1000))
        return folder / "run", judge(folder / "run", attack_draws=4)


@pytest.fixture
def own(passing, tmp_path, monkeypatch):
    """Return a copy of that run, to change; its segmenters and real images' features are kept."""
    monkeypatch.chdir(tmp_path)
    return Path(shutil.copytree(passing[0], tmp_path / "run"))
