"""Configs told from shapes are those that the networks were built of."""

from __future__ import annotations

import pytest
import torch
from diffusers import UNet2DConditionModel

from medsynth.model.ldm.hint_shape import infer_hint_shape
from medsynth.model.ldm.parts import merge_checkpoint
from medsynth.model.ldm.tensor_pairs import to_ldm
from medsynth.model.ldm.text_config import infer_text_config
from medsynth.model.ldm.unet_config import infer_unet_config
from medsynth.model.ldm.unet_names import unet_pairs
from medsynth.model.ldm.vae_config import infer_vae_config

from . import networks
from .networks import SD15_UNET, SD21_UNET, TINY_TEXT, TINY_UNET, TINY_VAE

LDM = merge_checkpoint(networks.tiny_parts(), TINY_UNET, TINY_VAE, TINY_TEXT)


def test_configs_are_those_that_the_networks_were_built_of():
    unet = infer_unet_config(LDM, heads=4, norm_groups=4)
    assert TINY_UNET.items() <= unet.items()
    assert TINY_VAE.items() <= (infer_vae_config(LDM, norm_groups=2) or {}).items()
    text = infer_text_config(LDM, heads=2) or {}
    assert text | {"eos_token_id": 2} == TINY_TEXT | {"hidden_act": "quick_gelu"}
    assert infer_hint_shape(LDM) == (2, 2)


@pytest.mark.parametrize("config", [SD15_UNET, SD21_UNET])
def test_heads_are_those_of_stable_diffusion_1_or_2(config):
    with torch.device("meta"):
        unet = UNet2DConditionModel(**config)
    found = infer_unet_config(to_ldm(unet_pairs(config), unet.state_dict()))
    assert config.items() <= found.items()


def test_uneven_levels_are_told_apart():
    config = TINY_UNET | {"layers_per_block": (1, 2), "num_class_embeds": 3}
    with torch.device("meta"):
        unet = UNet2DConditionModel(**config)
    found = infer_unet_config(to_ldm(unet_pairs(config), unet.state_dict()), 4, 4)
    assert config.items() <= found.items()
    assert infer_unet_config(LDM)["num_class_embeds"] is None
