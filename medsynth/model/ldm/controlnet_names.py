"""The ControlNet's tensors: `control_model.*` and HintControlNet.

The encoder half has the U-Net's names. Dense Hint Input keeps its modules' names, which
follow the published checkpoint.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from medsynth.model.controlnet import HintControlNet
from medsynth.model.ldm.hint_shape import HintShape
from medsynth.model.ldm.tensor_pairs import TensorPair, pair_tensors, shapes_of
from medsynth.model.ldm.unet_layout import down_levels
from medsynth.model.ldm.unet_names import bare_unet, encoder_modules

CONTROLNET = "control_model."


def controlnet_pairs(unet_config: Mapping[str, Any], hint: HintShape) -> list[TensorPair]:
    """Return a ControlNet's tensors under both names.

    Args:
        unet_config: that of the U-Net which it steers.
        hint: size of its Dense Hint Input.

    Raises:
        InputError: the U-Net has parts that Stable Diffusion 1.x and 2.x do not have.
    """
    modules = encoder_modules(unet_config) | _outputs(unet_config)
    modules["controlnet_cond_embedding.hint"] = "input_hint_block.0"
    modules["controlnet_cond_embedding.out"] = "input_hint_block.1"
    return pair_tensors(
        CONTROLNET,
        modules,
        shapes_of(lambda: HintControlNet.from_unet(bare_unet(unet_config), *hint)),
    )


def _outputs(config: Mapping[str, Any]) -> dict[str, str]:
    """Return the zero convolutions: one an input block, and one for the middle."""
    levels = down_levels(config)
    blocks = sum(level.resnets for level in levels) + len(levels)  # 1 conv_in, n - 1 downsamplings
    outputs = {f"controlnet_down_blocks.{k}": f"zero_convs.{k}.0" for k in range(blocks)}
    return outputs | {"controlnet_mid_block": "middle_block_out.0"}
