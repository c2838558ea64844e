"""Files of every kind to one flat state dict, and files that are none."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from medsynth.core.errors import InputError
from medsynth.model.ldm.checkpoint import read_checkpoint

STATE = {"control_model.a.weight": torch.arange(600.0).reshape(30, 20), "betas": torch.ones(3)}


class Payload:
    """Runs code when it is unpickled without care."""

    def __reduce__(self):
        return (os.mkdir, ("pwned",))


def assert_read(path: Path):
    found = read_checkpoint(path)
    assert found.keys() == STATE.keys()
    assert all(torch.equal(found[name], STATE[name]) for name in STATE)


@pytest.mark.parametrize("suffix", [".pth", ".ckpt", ".pt", ".bin"])
@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("prefix", ["", "module."])
@pytest.mark.parametrize("wrapped", [True, False])
def test_torchs_files(tmp_path, suffix, zipped, prefix, wrapped):
    state = {prefix + name: value for name, value in STATE.items()}
    held = {"epoch": 3, "global_step": 10, "state_dict": state} if wrapped else state
    torch.save(held, tmp_path / f"a{suffix}", _use_new_zipfile_serialization=zipped)
    assert_read(tmp_path / f"a{suffix}")


@pytest.mark.parametrize("prefix", ["", "module."])
def test_safetensors(tmp_path, prefix):
    save_file({prefix + name: value for name, value in STATE.items()}, tmp_path / "a.safetensors")
    assert_read(tmp_path / "a.safetensors")


@pytest.mark.parametrize("wrap", [lambda p: {"x": p}, lambda p: {"state_dict": STATE, "x": p}])
@pytest.mark.parametrize("zipped", [True, False])
def test_code_in_a_pickle_is_refused_and_not_run(tmp_path, monkeypatch, wrap, zipped):
    monkeypatch.chdir(tmp_path)
    torch.save(wrap(Payload()), "a.pth", _use_new_zipfile_serialization=zipped)
    with pytest.raises(InputError, match="refused") as caught:
        read_checkpoint(Path("a.pth"))
    assert "safetensors" in caught.value.tip
    assert os.listdir() == ["a.pth"]


def test_a_plain_pickle_is_refused(tmp_path):
    (tmp_path / "a.ckpt").write_bytes(pickle.dumps(Payload()))
    with pytest.raises(InputError, match="refused"):
        read_checkpoint(tmp_path / "a.ckpt")


@pytest.mark.parametrize("suffix", [".pth", ".safetensors"])
@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("share", [0, 0.02, 0.3, 0.9, 0.999])
def test_a_truncated_file_says_so(tmp_path, suffix, zipped, share):
    whole = tmp_path / f"whole{suffix}"
    if suffix == ".pth":
        torch.save(STATE, whole, _use_new_zipfile_serialization=zipped)
    else:
        save_file(STATE, whole)
    content = whole.read_bytes()
    part = tmp_path / f"part{suffix}"
    part.write_bytes(content[: int(share * len(content))])
    with pytest.raises(InputError, match=r"part\.(pth|safetensors) (cannot be read|was refused)"):
        read_checkpoint(part)


def test_something_else_is_no_checkpoint(tmp_path):
    for name in ("a.pth", "a.safetensors"):
        (tmp_path / name).write_text("<html>404</html>")
        with pytest.raises(InputError, match=r"cannot be read|refused"):
            read_checkpoint(tmp_path / name)
    (tmp_path / "a.txt").write_text("weights")
    with pytest.raises(InputError, match="does not end like"):
        read_checkpoint(tmp_path / "a.txt")
    for missing in (tmp_path, tmp_path / "none.pth"):
        with pytest.raises(InputError, match="not a file"):
            read_checkpoint(missing)


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ({"model": STATE, "epoch": 1}, "more than tensors by name: model, epoch"),
        ({"state_dict": {"model": STATE}}, "more than tensors by name: model"),
        ({"state_dict": {"a": 1.5}}, "more than tensors by name: a"),
        ({1: torch.zeros(1)}, "more than tensors by name: 1"),
        ({"state_dict": {}}, "holds nothing"),
        ({}, "holds nothing"),
        ([torch.zeros(1)], "holds a list"),
        (torch.zeros(1), "holds a Tensor"),
    ],
)
def test_another_wrapper_is_named(tmp_path, held, said):
    torch.save(held, tmp_path / "a.pth")
    with pytest.raises(InputError, match=said) as caught:
        read_checkpoint(tmp_path / "a.pth")
    assert "state_dict" in caught.value.tip


def test_one_tensor_under_two_names_is_ambiguous(tmp_path):
    torch.save({"a": torch.zeros(1), "module.a": torch.ones(1)}, tmp_path / "a.pth")
    with pytest.raises(InputError, match=r"with and without 'module\.': a"):
        read_checkpoint(tmp_path / "a.pth")
