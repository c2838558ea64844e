"""U-Net, VAE and ControlNet names, both ways, against diffusers' own reading of LDM."""

from __future__ import annotations

import pytest
import torch
from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
from diffusers.loaders.single_file_utils import (
    convert_controlnet_checkpoint,
    convert_ldm_unet_checkpoint,
    convert_ldm_vae_checkpoint,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.model.controlnet import HintControlNet
from medsynth.model.ldm.controlnet_names import controlnet_pairs
from medsynth.model.ldm.hint_shape import HintShape
from medsynth.model.ldm.tensor_pairs import from_ldm, to_ldm
from medsynth.model.ldm.unet_names import unet_pairs
from medsynth.model.ldm.vae_names import vae_pairs

from . import networks
from .networks import SD15_UNET, SD15_VAE, SD21_UNET, TINY_UNET, TINY_VAE, shapes

UNETS = {
    "tiny": TINY_UNET,
    "tiny-linear": TINY_UNET | {"use_linear_projection": True},
    "sd15": SD15_UNET,
    "sd21": SD21_UNET,
}


def on_meta(model, config):
    with torch.device("meta"):
        return model(**config)


def tagged(pairs):
    """An LDM state dict whose values say which tensor of the network they are."""
    state = {pair.ldm: torch.tensor(k) for k, pair in enumerate(pairs)}
    assert len(state) == len(pairs)
    return state


def tags(pairs):
    """What diffusers makes of `tagged`, if it agrees about every name."""
    return {pair.own: torch.tensor(k) for k, pair in enumerate(pairs)}


@pytest.mark.parametrize("name", UNETS)
def test_diffusers_reads_our_unet_as_the_unet_it_was(name):
    unet = on_meta(UNet2DConditionModel, UNETS[name])
    own = unet.state_dict()
    ldm = to_ldm(unet_pairs(unet.config), own)
    theirs = convert_ldm_unet_checkpoint(dict(ldm), unet.config)
    assert shapes(theirs) == shapes(own)
    pairs = unet_pairs(unet.config)
    assert convert_ldm_unet_checkpoint(tagged(pairs), unet.config) == tags(pairs)
    assert shapes(from_ldm(unet_pairs(unet.config), ldm)) == shapes(own)


@pytest.mark.parametrize("changes", [{}, {"use_linear_projection": True}, {"num_class_embeds": 3}])
def test_the_unets_values_go_where_diffusers_puts_them(changes):
    unet = networks.tiny_unet(**changes)
    own, pairs = unet.state_dict(), unet_pairs(unet.config)
    ldm = to_ldm(pairs, own)
    theirs = convert_ldm_unet_checkpoint(dict(ldm), unet.config)
    assert theirs.keys() == own.keys()
    assert all(torch.equal(theirs[name], own[name]) for name in own)
    back = from_ldm(pairs, ldm)
    assert all(torch.equal(back[name], theirs[name]) for name in theirs)


levels = st.integers(1, 4)


@st.composite
def unet_configs(draw):
    """Any U-Net of Stable Diffusion's family: depth, layers, which levels have transformers."""
    depth = draw(levels)
    attention = draw(st.lists(st.booleans(), min_size=depth, max_size=depth))
    channels = draw(st.lists(st.sampled_from([4, 8, 12]), min_size=depth, max_size=depth))
    return {
        "block_out_channels": tuple(channels),
        "down_block_types": tuple(
            "CrossAttnDownBlock2D" if a else "DownBlock2D" for a in attention
        ),
        "up_block_types": tuple(
            "CrossAttnUpBlock2D" if a else "UpBlock2D" for a in reversed(attention)
        ),
        "layers_per_block": draw(st.integers(1, 3)),
        "transformer_layers_per_block": draw(st.integers(1, 2)),
        "use_linear_projection": draw(st.booleans()),
        "cross_attention_dim": 5,
        "attention_head_dim": 2,
        "norm_num_groups": 4,
    }


@settings(max_examples=25, deadline=None)
@given(unet_configs())
def test_any_unet_is_read_by_diffusers_as_itself(config):
    unet = on_meta(UNet2DConditionModel, config)
    pairs = unet_pairs(config)
    assert {pair.own: pair.own_shape for pair in pairs} == shapes(unet.state_dict())
    assert convert_ldm_unet_checkpoint(tagged(pairs), unet.config) == tags(pairs)


@settings(max_examples=20, deadline=None)
@given(levels, st.integers(1, 3))
def test_any_vae_is_read_by_diffusers_as_itself(depth, layers):
    config = TINY_VAE | {
        "block_out_channels": (4, 8, 8, 12)[:depth],
        "down_block_types": ("DownEncoderBlock2D",) * depth,
        "up_block_types": ("UpDecoderBlock2D",) * depth,
        "layers_per_block": layers,
    }
    vae = on_meta(AutoencoderKL, config)
    own, pairs = vae.state_dict(), vae_pairs(config)
    assert convert_ldm_vae_checkpoint(tagged(pairs), vae.config) == tags(pairs)
    assert shapes(convert_ldm_vae_checkpoint(to_ldm(pairs, own), vae.config)) == shapes(own)


def test_the_vaes_values_go_where_diffusers_puts_them():
    vae = networks.tiny_vae()
    own, pairs = vae.state_dict(), vae_pairs(vae.config)
    ldm = to_ldm(pairs, own)
    theirs = convert_ldm_vae_checkpoint(dict(ldm), vae.config)
    assert theirs.keys() == own.keys()
    assert all(torch.equal(theirs[name], own[name]) for name in own)
    back = from_ldm(pairs, ldm)
    assert all(torch.equal(back[name], theirs[name]) for name in theirs)


def test_the_real_vae_is_read_by_diffusers_as_itself():
    vae = on_meta(AutoencoderKL, SD15_VAE)
    own, pairs = vae.state_dict(), vae_pairs(vae.config)
    ldm = to_ldm(pairs, own)
    assert shapes(convert_ldm_vae_checkpoint(dict(ldm), vae.config)) == shapes(own)
    assert convert_ldm_vae_checkpoint(tagged(pairs), vae.config) == tags(pairs)
    matrix = "first_stage_model.decoder.mid.attn_1.proj_out.weight"
    assert ldm[matrix].shape == (512, 512, 1, 1)


@pytest.mark.parametrize("config", [TINY_UNET, SD15_UNET, SD21_UNET])
def test_diffusers_reads_our_controlnet_apart_from_its_hint(config):
    with torch.device("meta"):
        unet = UNet2DConditionModel(**config)
        own = HintControlNet.from_unet(unet).state_dict()
        stem = "controlnet_cond_embedding."
        plain = ControlNetModel.from_unet(unet).state_dict()
    ldm = to_ldm(controlnet_pairs(config, HintShape(16, 3)), own)
    without = {k: v for k, v in ldm.items() if "input_hint_block" not in k}
    theirs = shapes(convert_controlnet_checkpoint(without, unet.config))
    assert theirs == shapes({k: v for k, v in own.items() if not k.startswith(stem)})
    assert theirs == shapes({k: v for k, v in plain.items() if not k.startswith(stem)})
    pairs = [p for p in controlnet_pairs(config, HintShape(16, 3)) if stem not in p.own]
    assert convert_controlnet_checkpoint(tagged(pairs), unet.config) == tags(pairs)


def test_the_controlnets_values_go_where_diffusers_puts_them():
    unet = networks.tiny_unet()
    own = networks.tiny_controlnet(unet).state_dict()
    ldm = to_ldm(controlnet_pairs(unet.config, HintShape(2, 2)), own)
    without = {k: v for k, v in ldm.items() if "input_hint_block" not in k}
    theirs = convert_controlnet_checkpoint(without, unet.config)
    assert all(torch.equal(theirs[name], own[name]) for name in theirs)
    assert not any(torch.equal(own[k], v) for k, v in unet.state_dict().items() if k in own)
