"""A VAE's config, told from the shapes in an LDM state dict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor

from medsynth.core.errors import InputError
from medsynth.model.ldm.vae_names import VAE

SCALING_FACTOR = 0.18215
"""Stable Diffusion 1.x and 2.x multiply latents with it; it leaves no trace in tensors."""


def infer_vae_config(state: Mapping[str, Tensor], norm_groups: int = 32) -> dict[str, Any] | None:
    """Return the config of an AutoencoderKL that fits the `first_stage_model.*`.

    Args:
        state: an LDM state dict.
        norm_groups: groups of the norms, which leave no trace in shapes.

    Returns: the config, or None where the state dict has no VAE.

    Raises:
        InputError: these are no tensors of Stable Diffusion's VAE.
    """
    vae = {n.removeprefix(VAE): tuple(v.shape) for n, v in state.items() if n.startswith(VAE)}
    if not vae:
        return None
    try:
        return _config(vae, norm_groups)
    except (LookupError, ValueError) as error:
        raise InputError(
            f"the checkpoint's VAE is not Stable Diffusion's: looking for {error}.",
            "Is the file complete?",
        ) from error


def _config(vae: Mapping[str, tuple[int, ...]], norm_groups: int) -> dict[str, Any]:
    firsts = [n for n in vae if n.startswith("encoder.down.") and n.endswith(".0.conv1.weight")]
    levels = range(max(1, len(firsts)))
    channels = tuple(vae[f"encoder.down.{k}.block.0.conv1.weight"][0] for k in levels)
    layers = sum(n.startswith("encoder.down.0.") and n.endswith(".conv1.weight") for n in vae)
    return {
        "in_channels": vae["encoder.conv_in.weight"][1],
        "out_channels": vae["decoder.conv_out.weight"][0],
        "latent_channels": vae["decoder.conv_in.weight"][1],
        "block_out_channels": channels,
        "layers_per_block": layers,
        "down_block_types": ("DownEncoderBlock2D",) * len(channels),
        "up_block_types": ("UpDecoderBlock2D",) * len(channels),
        "norm_num_groups": norm_groups,
        "scaling_factor": SCALING_FACTOR,
    }
