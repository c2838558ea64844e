"""A U-Net's config, told from the shapes in an LDM state dict."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import count, takewhile
from typing import Any

from torch import Tensor

from medsynth.core.errors import InputError
from medsynth.model.ldm.unet_names import UNET

SD1_HEADS = 8
"""Stable Diffusion 1.x has so many heads everywhere (num_heads in its config)."""

SD2_HEAD_CHANNELS = 64
"""Stable Diffusion 2.x has so many channels a head everywhere (num_head_channels)."""


def infer_unet_config(
    state: Mapping[str, Tensor],
    heads: int | Sequence[int] | None = None,
    norm_groups: int = 32,
) -> dict[str, Any]:
    """Return the config of a UNet2DConditionModel that fits the `model.diffusion_model.*`.

    Heads, groups and `upcast_attention` leave no trace in shapes. By default they are those of
    Stable Diffusion: 1.x has convolutions around its transformers, 2.x linear layers.

    Args:
        state: an LDM state dict.
        heads: attention heads, of all levels or of each.
        norm_groups: groups of the norms.

    Raises:
        InputError: these are no tensors of a U-Net of Stable Diffusion 1.x or 2.x.
    """
    unet = {n.removeprefix(UNET): tuple(v.shape) for n, v in state.items() if n.startswith(UNET)}
    if not unet:
        raise InputError(
            f"the checkpoint has no U-Net: no name begins with {UNET}",
            "A full checkpoint is needed, not a ControlNet's alone.",
        )
    try:
        return _config(unet, heads, norm_groups)
    except (LookupError, ValueError) as error:
        raise InputError(
            f"the checkpoint's U-Net is not Stable Diffusion's: looking for {error}.",
            "Is the file complete? Or give the config of the U-Net's base model.",
        ) from error


def _config(
    unet: Mapping[str, tuple[int, ...]], heads: int | Sequence[int] | None, norm_groups: int
) -> dict[str, Any]:
    levels = _levels(unet)
    channels = tuple(unet[f"{blocks[0]}.0.out_layers.3.weight"][0] for blocks in levels)
    layers = [len(blocks) for blocks in levels]
    attention = [f"{blocks[0]}.1.proj_in.weight" in unet for blocks in levels]
    linear = len(unet["middle_block.1.proj_in.weight"]) == 2
    labels = unet.get("label_emb.weight")
    return {
        "in_channels": unet["input_blocks.0.0.weight"][1],
        "out_channels": unet["out.2.weight"][0],
        "block_out_channels": channels,
        "layers_per_block": layers[0] if len(set(layers)) == 1 else tuple(layers),
        "down_block_types": tuple(_kind("Down", a) for a in attention),
        "up_block_types": tuple(_kind("Up", a) for a in reversed(attention)),
        "cross_attention_dim": unet["middle_block.1.transformer_blocks.0.attn2.to_k.weight"][1],
        "use_linear_projection": linear,
        "attention_head_dim": _heads(channels, linear) if heads is None else heads,
        "num_class_embeds": labels[0] if labels else None,
        "norm_num_groups": norm_groups,
    }


def _levels(unet: Mapping[str, tuple[int, ...]]) -> list[list[str]]:
    """Return the names of the input blocks with a residual block, level by level."""
    blocks = (f"input_blocks.{n}" for n in count(1))
    levels: list[list[str]] = [[]]
    for block in takewhile(lambda b: _is_step(b, unet) or _is_downsampling(b, unet), blocks):
        if _is_step(block, unet):
            levels[-1].append(block)
        else:
            levels.append([])
    return levels


def _is_step(block: str, unet: Mapping[str, object]) -> bool:
    return f"{block}.0.out_layers.3.weight" in unet


def _is_downsampling(block: str, unet: Mapping[str, object]) -> bool:
    return f"{block}.0.op.weight" in unet


def _kind(direction: str, attention: bool) -> str:
    return f"CrossAttn{direction}Block2D" if attention else f"{direction}Block2D"


def _heads(channels: tuple[int, ...], linear: bool) -> int | tuple[int, ...]:
    """Return Stable Diffusion's heads; diffusers' `attention_head_dim` means their number."""
    if not linear:
        return SD1_HEADS
    return tuple(max(1, c // SD2_HEAD_CHANNELS) for c in channels)
