"""What a U-Net's config says about its blocks, in the order of the data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from medsynth.core.errors import InputError

ATTENTION = {
    "DownBlock2D": False,
    "CrossAttnDownBlock2D": True,
    "UpBlock2D": False,
    "CrossAttnUpBlock2D": True,
}


class Level(NamedTuple):
    """One level of a half: residual blocks, and whether a transformer follows each of them."""

    resnets: int
    attention: bool


def down_levels(config: Mapping[str, Any]) -> list[Level]:
    """Return the encoder's levels, from the latents downwards.

    Raises:
        InputError: a kind of block that Stable Diffusion 1 and 2 do not have.
    """
    return _levels(config["down_block_types"], _layers(config))


def up_levels(config: Mapping[str, Any]) -> list[Level]:
    """Return the decoder's levels, from the middle upwards; each has a residual block more.

    Raises:
        InputError: a kind of block that Stable Diffusion 1 and 2 do not have.
    """
    layers = [n + 1 for n in reversed(_layers(config))]
    return _levels(config["up_block_types"], layers)


def _layers(config: Mapping[str, Any]) -> list[int]:
    layers = config["layers_per_block"]
    return [layers] * len(config["down_block_types"]) if isinstance(layers, int) else list(layers)


def _levels(kinds: list[str], layers: list[int]) -> list[Level]:
    foreign = sorted({kind for kind in kinds if kind not in ATTENTION})
    if foreign:
        raise InputError(
            f"U-Net blocks {', '.join(foreign)} have no LDM layout.",
            "Only Stable Diffusion 1.x and 2.x do; keep other networks in diffusers' layout.",
        )
    return [Level(n, ATTENTION[kind]) for kind, n in zip(kinds, layers, strict=True)]
