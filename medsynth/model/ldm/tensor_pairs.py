"""One tensor under two names: what every map between LDM and diffusers is made of."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from medsynth.core.errors import InputError, listed

Shape = tuple[int, ...]


class TensorPair(NamedTuple):
    """A tensor's name and shape in an LDM state dict and in the network's own."""

    ldm: str
    own: str
    ldm_shape: Shape
    own_shape: Shape


def shapes_of(build: Callable[[], nn.Module]) -> dict[str, Shape]:
    """Return name and shape of every tensor of a network, which is built without memory."""
    with torch.device("meta"):
        network = build()
    return {name: tuple(value.shape) for name, value in network.state_dict().items()}


def pair_tensors(
    prefix: str, modules: Mapping[str, str], shapes: Mapping[str, Shape]
) -> list[TensorPair]:
    """Return a network's tensors under both names; both shapes are its own.

    Args:
        prefix: the network's in an LDM state dict, with its dot.
        modules: own name of a module to its LDM name; what lies inside keeps its name.
        shapes: own name of every tensor to its shape.

    Raises:
        InputError: a tensor lies in none of the modules.
    """
    homes = {name: _home(name, modules) for name in shapes}
    homeless = [name for name, home in homes.items() if home is None]
    if homeless:
        raise InputError(
            f"the network has parts that Stable Diffusion 1 and 2 do not: {listed(homeless)}.",
            "Only Stable Diffusion 1.x and 2.x have an LDM layout here.",
        )
    return [
        TensorPair(f"{prefix}{modules[home]}{name.removeprefix(home)}", name, shape, shape)
        for (name, shape), home in zip(shapes.items(), homes.values(), strict=True)
        if home is not None
    ]


def _home(name: str, modules: Mapping[str, str]) -> str | None:
    """Return the innermost of the modules that a tensor lies in."""
    while "." in name:
        name = name.rpartition(".")[0]
        if name in modules:
            return name
    return None


def from_ldm(pairs: Sequence[TensorPair], state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a network's state dict out of an LDM state dict, both checked before."""
    return {pair.own: state[pair.ldm].reshape(pair.own_shape) for pair in pairs}


def to_ldm(pairs: Sequence[TensorPair], part: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return a network's tensors by LDM name; the inverse of `from_ldm`."""
    return {pair.ldm: part[pair.own].reshape(pair.ldm_shape) for pair in pairs}


def check_tensors(
    expected: Mapping[str, Shape], found: Mapping[str, Tensor], what: str, tip: str
) -> None:
    """Require exactly the expected tensors, in their shapes.

    Raises:
        InputError: says how many are missing, unknown or of another shape, and names the first.
    """
    missing = [name for name in expected if name not in found]
    unknown = [name for name in found if name not in expected]
    misshapen = [
        f"{name} is {_by(found[name].shape)} instead of {_by(shape)}"
        for name, shape in expected.items()
        if name in found and tuple(found[name].shape) != shape
    ]
    wrong = [
        f"{len(names)} {kind}: {listed(names)}"
        for kind, names in (
            ("missing", missing),
            ("unknown", unknown),
            ("of another shape", misshapen),
        )
        if names
    ]
    if wrong:
        raise InputError(f"{what} holds other tensors than it should. " + "; ".join(wrong), tip)


def _by(shape: Sequence[int]) -> str:
    return "x".join(map(str, shape)) or "a scalar"
