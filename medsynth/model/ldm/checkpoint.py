"""A checkpoint file to a flat state dict: `.safetensors`, or torch's without running its code."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor

from medsynth.core.errors import InputError, listed

TORCH_SUFFIXES = (".pth", ".pt", ".ckpt", ".bin")
WRAPPER = "state_dict"
PARALLEL = "module."


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """Read a checkpoint's tensors; they stay on the disk until used where the format allows it.

    A `state_dict` wrapper (PyTorch Lightning) and `module.` prefixes (DataParallel, DeepSpeed)
    are taken off.

    Raises:
        InputError: the file is missing, damaged, of another format, holds more than tensors,
            or is no state dict.
    """
    if not path.is_file():
        raise InputError(f"{path} is not a file.", "Give the path of the checkpoint itself.")
    if path.suffix == ".safetensors":
        loaded = _read_safetensors(path)
    elif path.suffix in TORCH_SUFFIXES:
        loaded = _read_torch(path)
    else:
        raise InputError(
            f"{path} does not end like a checkpoint.",
            f"Known are .safetensors, {', '.join(TORCH_SUFFIXES)}; rename it if it is one.",
        )
    return _without_prefix(_unwrapped(loaded, path), path)


def _read_safetensors(path: Path) -> object:
    try:
        return load_file(path)
    except Exception as error:
        raise _damaged(path, error) from error


def _read_torch(path: Path) -> object:
    zipped = zipfile.is_zipfile(path)  # torch's format since 1.6; only that can be mapped
    try:
        return torch.load(path, map_location="cpu", weights_only=True, mmap=zipped)
    except pickle.UnpicklingError as error:
        raise InputError(
            f"{path} was refused: it holds Python objects besides tensors, or is damaged. Such "
            "objects can run any code when they are loaded.",
            "Ask for a .safetensors file, or for one with the state dict alone. Check that the "
            "download is complete.",
        ) from error
    except Exception as error:
        raise _damaged(path, error) from error


def _damaged(path: Path, error: Exception) -> InputError:
    reason = str(error).partition("\n")[0]
    if " " not in reason:  # a KeyError's number says nothing
        reason = "it is no checkpoint, or damaged"
    return InputError(
        f"{path} cannot be read: {reason}.", "Is the download complete? Compare its size or hash."
    )


def _unwrapped(loaded: object, path: Path) -> dict[str, Tensor]:
    """Return the state dict in what a file holds."""
    if isinstance(loaded, Mapping) and isinstance(loaded.get(WRAPPER), Mapping):
        loaded = loaded[WRAPPER]
    if not isinstance(loaded, Mapping) or not loaded:
        what = "nothing" if isinstance(loaded, Mapping) else f"a {type(loaded).__name__}"
        raise InputError(f"{path} holds {what} instead of tensors by name.", _WRAPPER_TIP)
    odd = [str(name) for name, value in loaded.items() if not _is_entry(name, value)]
    if odd:
        raise InputError(f"{path} holds more than tensors by name: {listed(odd)}.", _WRAPPER_TIP)
    return dict(loaded)


_WRAPPER_TIP = (
    "A state dict is needed, alone or under the key 'state_dict'; DeepSpeed's shards are "
    "merged with its zero_to_fp32.py first."
)


def _is_entry(name: Any, value: Any) -> bool:
    return isinstance(name, str) and isinstance(value, Tensor)


def _without_prefix(state: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    bare = {name.removeprefix(PARALLEL): value for name, value in state.items()}
    if len(bare) < len(state):
        twice = [name for name in state if PARALLEL + name in state]
        raise InputError(f"{path} holds tensors with and without '{PARALLEL}': {listed(twice)}.")
    return bare
