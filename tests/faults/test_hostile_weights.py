"""Weights are data: nothing in them is ever run."""

import pickle

import pytest

from .planted import Planted, save_planted

PLACES = ("weights", "average", "optimizer")


@pytest.fixture
def planted(tmp_path):
    """Files that would write `owned` if they were unpickled, and whether they did."""

    def plant(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".pth":
            save_planted(path, Planted(tmp_path / "owned"))
        else:
            path.write_bytes(pickle.dumps(Planted(tmp_path / "owned")))
        return path

    yield plant
    assert not (tmp_path / "owned").exists()


def test_the_plant_would_have_worked(tmp_path):
    pickle.loads(pickle.dumps(Planted(tmp_path / "works")))
    assert (tmp_path / "works").exists()


@pytest.mark.parametrize("name", PLACES)
def test_a_pickle_for_a_checkpoint(medsynth, own_run, planted, name):
    for folder in (own_run / "checkpoints").glob("*-*"):
        planted(folder / f"{name}.safetensors")
    assert medsynth("fit", "--resume", "--run", own_run).code == 3


def test_a_pickle_for_the_codec(medsynth, own_run, planted):
    planted(own_run / "checkpoints" / "codec.safetensors")
    assert medsynth("augment", "--n", 2, "--run", own_run).code == 3


@pytest.mark.parametrize("suffix", [".pth", ".ckpt", ".safetensors"])
def test_a_pickle_to_import(medsynth, tmp_path, fitted, planted, suffix):
    path = planted(tmp_path / f"published{suffix}")
    base = tmp_path / "base"
    base.mkdir()
    said = medsynth(
        "import", path, "--run", "imported", "--data", fitted.data,
        "--set", f"model.stable_diffusion.base={base}",
    )  # fmt: skip
    assert said.code in (2, 3), said.err
    assert "Traceback" not in said.err


def test_a_pickle_for_a_pretrained_codec(medsynth, fitted, recipe, planted, tmp_path):
    path = planted(tmp_path / "taef2.safetensors")
    codec = f"model.codec={{name: taef2, weights: {path}}}"
    said = medsynth("fit", fitted.data, "--recipe", recipe, "--run", "r", "--set", codec)
    assert said.code in (2, 3), said.err
    assert "Traceback" not in said.err
