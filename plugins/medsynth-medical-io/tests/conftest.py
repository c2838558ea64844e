"""Volumes on disk, and the plugin registered as pip would leave it."""

from __future__ import annotations

import tomllib
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from medsynth.data.readers import READERS
from medsynth.exporters.exporter import EXPORTERS

HOME = Path(__file__).parents[1]
OBLIQUE = np.array([[0, -1.5, 0, 20], [-0.8, 0, 0, 30], [0, 0, -3, 40], [0, 0, 0, 1]], float)
"""Axes to posterior, left and inferior: nothing is where a naive reader takes it for."""


@pytest.fixture(scope="session")
def metadata(tmp_path_factory):
    """A folder to put on the path in which the plugin is installed."""
    project = tomllib.loads((HOME / "pyproject.toml").read_text())["project"]
    folder = tmp_path_factory.mktemp("metadata")
    info = folder / "medsynth_medical_io-0.1.0.dist-info"
    info.mkdir()
    about = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(about)
    lines = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join([*lines, ""]))
    return folder


@pytest.fixture(autouse=True)
def registered(metadata, monkeypatch):
    """The plugin's readers and exporter are in the registries, for one test."""
    monkeypatch.syspath_prepend(metadata)
    for registry in (READERS, EXPORTERS):
        vars(registry).pop("_points", None)
    yield
    for registry in (READERS, EXPORTERS):
        vars(registry).pop("_points", None)


def grey(seed, shape=(20, 26, 9)):
    """Return a volume of int16 with structure, different for each seed."""
    rng = np.random.default_rng(seed)
    smooth = np.add.outer(
        np.add.outer(np.arange(shape[0]), np.arange(shape[1])), np.arange(shape[2])
    )
    return (smooth * 10 + rng.integers(-200, 200, shape)).astype(np.int16)


def labels(seed, shape=(20, 26, 9)):
    """Return uint8 labels 0, 1, 2 that leave the first and the last slice of each axis empty."""
    out = np.zeros(shape, np.uint8)
    top = 3 + seed % 3
    out[top : top + 9, 5 : 14 + seed % 4, 2:7] = 1
    out[top + 2 : top + 5, 8:11, 3:6] = 2
    return out


def save(path, array, affine=OBLIQUE, **header):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = nib.Nifti1Image(array, affine)
    for key, value in header.items():
        image.header[key] = value
    nib.save(image, path)
    return path


@pytest.fixture
def volumes(tmp_path):
    """Return a folder of six image and label volumes in nnU-Net's layout."""
    for n in range(6):
        save(tmp_path / f"imagesTr/SMITH_JOHN_{n}_0000.nii.gz", grey(n))
        save(tmp_path / f"labelsTr/SMITH_JOHN_{n}.nii.gz", labels(n))
    return tmp_path
