"""The arithmetic is that of the reference implementations, as `reference/compute.py` froze it."""

import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest
import torch

from medsynth.model.inception import Inception
from medsynth.quality.cmmd import cmmd
from medsynth.quality.frechet import frechet_distance, gaussian_of
from medsynth.quality.kid import kernel_distance
from medsynth.quality.lpips import map_distance
from medsynth.quality.manifold import manifold

HERE = Path(__file__).parent / "reference"
SPEC = importlib.util.spec_from_file_location("reference_arrays", HERE / "arrays.py")
arrays = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(arrays)
VALUES = json.loads((HERE / "values.json").read_text())


def close(value):
    return pytest.approx(value, rel=1e-5, abs=1e-5)


@pytest.fixture(params=arrays.SETS)
def case(request):
    return *arrays.features(request.param), VALUES["distances"][request.param]


def test_the_arrays_are_those_that_were_frozen():
    assert arrays.fingerprint() == VALUES["arrays"], "run tests/quality/reference/compute.py again"


def test_frechet_distance(case):
    real, made, expected = case
    found = frechet_distance(gaussian_of(real), gaussian_of(made))
    assert found == close(expected["fid"])
    assert found == close(expected["fid of clean-fid"])


def test_kernel_distance(case):
    real, made, expected = case
    equal = min(len(real), len(made))
    found = kernel_distance(real[:equal], made[:equal])
    assert found == close(expected["kid of equally many"])
    assert found == close(expected["kid of clean-fid, one subset"])


def test_cmmd(case):
    real, made, expected = case
    assert cmmd(real, made) == close(expected["cmmd"])


@pytest.mark.parametrize("k", [3, 5])
def test_precision_recall_density_coverage(case, k):
    real, made, expected = case
    found = manifold(real, made, k)
    for name, value in expected[f"prdc {k}"].items():
        assert getattr(found, name) == close(value), name
    assert [found.precision, found.recall] == close(expected[f"precision and recall {k}"])


@pytest.mark.parametrize("net", arrays.LPIPS_CHANNELS)
def test_lpips(net):
    a, b, weights = zip(*arrays.maps(net), strict=True)
    assert map_distance(a, b, weights) == close(VALUES["lpips"][net])


def test_inception():
    network = Inception().eval()
    values = {
        name: torch.from_numpy(arrays.weights(name, tuple(tensor.shape)))
        if tensor.dtype == torch.float32
        else tensor
        for name, tensor in network.state_dict().items()
    }
    network.load_state_dict(values)
    images = torch.from_numpy(arrays.images()).permute(0, 3, 1, 2).float() / 255
    found = network(images)[:, ::64].numpy()
    expected = np.array(VALUES["inception"])
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()
