"""The U-Net's tensors: `model.diffusion_model.*` and diffusers' UNet2DConditionModel.

LDM numbers input and output blocks in the order of the data. Input block 0 is the first
convolution; then each residual block (with its transformer) is one, and each downsampling.
Upsampling has no number of its own: it is the last module of the output block before it.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from diffusers import UNet2DConditionModel

from medsynth.model.ldm.block_names import resnet_modules
from medsynth.model.ldm.tensor_pairs import TensorPair, pair_tensors, shapes_of
from medsynth.model.ldm.unet_layout import Level, down_levels, up_levels

UNET = "model.diffusion_model."


def unet_pairs(config: Mapping[str, Any]) -> list[TensorPair]:
    """Return a U-Net's tensors under both names.

    Args:
        config: that of any UNet2DConditionModel of Stable Diffusion 1.x or 2.x.

    Raises:
        InputError: the U-Net has parts that these do not have.
    """
    modules = encoder_modules(config) | decoder_modules(config)
    return pair_tensors(UNET, modules, shapes_of(lambda: bare_unet(config)))


def bare_unet(config: Mapping[str, Any]) -> UNet2DConditionModel:
    """Return a U-Net with the tensors of a config, to read names and shapes off.

    Its norms have one group: groups change no shape, and what told the config may not know them.
    """
    return UNet2DConditionModel.from_config({**config, "norm_num_groups": 1})


def encoder_modules(config: Mapping[str, Any]) -> dict[str, str]:
    """Return own name to LDM name of the modules that U-Net and ControlNet share."""
    modules = {
        "time_embedding.linear_1": "time_embed.0",
        "time_embedding.linear_2": "time_embed.2",
        "class_embedding": "label_emb",
        "conv_in": "input_blocks.0.0",
        "mid_block.attentions.0": "middle_block.1",
        **resnet_modules("mid_block.resnets.0", "middle_block.0"),
        **resnet_modules("mid_block.resnets.1", "middle_block.2"),
    }
    number = count(1)
    for k, level in enumerate(down_levels(config)):
        for j in range(level.resnets):
            modules |= _step(f"down_blocks.{k}", j, level, f"input_blocks.{next(number)}")
        if k < len(config["down_block_types"]) - 1:
            modules[f"down_blocks.{k}.downsamplers.0.conv"] = f"input_blocks.{next(number)}.0.op"
    return modules


def decoder_modules(config: Mapping[str, Any]) -> dict[str, str]:
    """Return own name to LDM name of the modules that only the U-Net has."""
    modules = {"conv_norm_out": "out.0", "conv_out": "out.2"}
    number = count()
    for k, level in enumerate(up_levels(config)):
        block = ""
        for j in range(level.resnets):
            block = f"output_blocks.{next(number)}"
            modules |= _step(f"up_blocks.{k}", j, level, block)
        if k < len(config["up_block_types"]) - 1:
            last = 2 if level.attention else 1
            modules[f"up_blocks.{k}.upsamplers.0.conv"] = f"{block}.{last}.conv"
    return modules


def _step(own: str, j: int, level: Level, ldm: str) -> dict[str, str]:
    """Return the modules of a level's j-th residual block and of its transformer."""
    modules = resnet_modules(f"{own}.resnets.{j}", f"{ldm}.0")
    if level.attention:
        modules[f"{own}.attentions.{j}"] = f"{ldm}.1"
    return modules
