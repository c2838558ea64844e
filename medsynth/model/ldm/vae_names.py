"""The VAE's tensors: `first_stage_model.*` and diffusers' AutoencoderKL.

LDM numbers the decoder's levels from the image, diffusers from the latents. The attention in
the middle is made of 1x1 convolutions in LDM, of linear layers in diffusers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from diffusers import AutoencoderKL

from medsynth.model.ldm.tensor_pairs import TensorPair, pair_tensors, shapes_of

VAE = "first_stage_model."

RESNET = {
    "norm1": "norm1",
    "conv1": "conv1",
    "norm2": "norm2",
    "conv2": "conv2",
    "conv_shortcut": "nin_shortcut",
}
ATTENTION = {
    "group_norm": "norm",
    "to_q": "q",
    "to_k": "k",
    "to_v": "v",
    "to_out.0": "proj_out",
}


def vae_pairs(config: Mapping[str, Any]) -> list[TensorPair]:
    """Return a VAE's tensors under both names.

    Args:
        config: that of an AutoencoderKL of Stable Diffusion's kind.

    Raises:
        InputError: the VAE has parts that Stable Diffusion's does not have.
    """
    bare = {**config, "norm_num_groups": 1}  # changes no shape, see bare_unet
    shapes = shapes_of(lambda: AutoencoderKL.from_config(bare))
    pairs = pair_tensors(VAE, _modules(config), shapes)
    return [_as_convolution(pair) if _in_attention(pair.own) else pair for pair in pairs]


def _modules(config: Mapping[str, Any]) -> dict[str, str]:
    modules = {"quant_conv": "quant_conv", "post_quant_conv": "post_quant_conv"}
    levels, layers = len(config["block_out_channels"]), config["layers_per_block"]
    for half in ("encoder", "decoder"):
        modules |= _ends(half)
    for k in range(levels):
        own, ldm = f"encoder.down_blocks.{k}", f"encoder.down.{k}"
        modules |= _level(own, ldm, layers)
        modules[f"{own}.downsamplers.0.conv"] = f"{ldm}.downsample.conv"
        own, ldm = f"decoder.up_blocks.{k}", f"decoder.up.{levels - 1 - k}"
        modules |= _level(own, ldm, layers + 1)
        modules[f"{own}.upsamplers.0.conv"] = f"{ldm}.upsample.conv"
    return modules


def _level(own: str, ldm: str, resnets: int) -> dict[str, str]:
    modules: dict[str, str] = {}
    for j in range(resnets):
        modules |= _inside(f"{own}.resnets.{j}", f"{ldm}.block.{j}", RESNET)
    return modules


def _ends(half: str) -> dict[str, str]:
    """Return what encoder and decoder both have: first, middle and last layers."""
    return {
        f"{half}.conv_in": f"{half}.conv_in",
        f"{half}.conv_norm_out": f"{half}.norm_out",
        f"{half}.conv_out": f"{half}.conv_out",
        **_inside(f"{half}.mid_block.resnets.0", f"{half}.mid.block_1", RESNET),
        **_inside(f"{half}.mid_block.attentions.0", f"{half}.mid.attn_1", ATTENTION),
        **_inside(f"{half}.mid_block.resnets.1", f"{half}.mid.block_2", RESNET),
    }


def _inside(own: str, ldm: str, names: Mapping[str, str]) -> dict[str, str]:
    return {f"{own}.{ours}": f"{ldm}.{theirs}" for ours, theirs in names.items()}


def _in_attention(own: str) -> bool:
    return ".attentions." in own


def _as_convolution(pair: TensorPair) -> TensorPair:
    """Return the pair with a linear layer's matrix as a 1x1 convolution's in LDM."""
    is_matrix = len(pair.own_shape) == 2
    return pair._replace(ldm_shape=(*pair.own_shape, 1, 1)) if is_matrix else pair
