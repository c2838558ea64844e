"""Names and shapes at Stable Diffusion v1.5's real size, against what is published."""

from __future__ import annotations

from math import prod

import pytest

from medsynth.model.ldm.parts import merge_checkpoint, split_checkpoint

from . import published
from .networks import SD15_TEXT, SD15_UNET, SD15_VAE, sd15_parts, shapes


@pytest.fixture(scope="module")
def parts():
    return sd15_parts()


@pytest.fixture(scope="module")
def ldm(parts):
    return merge_checkpoint(parts, SD15_UNET, SD15_VAE, SD15_TEXT)


def of(state, prefix):
    return {name: tuple(v.shape) for name, v in state.items() if name.startswith(prefix)}


def test_the_controlnet_is_that_of_the_specification(ldm):
    assert of(ldm, "control_model.") == published.control_model()


def test_the_unets_encoder_half_has_the_controlnets_names(ldm):
    prefix = "model.diffusion_model."
    unet = of(ldm, prefix)
    half = {prefix + name: shape for name, shape in published.encoder_half().items()}
    assert half.items() <= unet.items()
    rest = {name.removeprefix(prefix).split(".")[0] for name in unet.keys() - half.keys()}
    assert rest == {"output_blocks", "out"}


@pytest.mark.parametrize(
    ("prefix", "tensors", "values"),
    [
        ("model.diffusion_model.", 686, 859_520_964),
        ("first_stage_model.", 248, 83_653_863),
        ("cond_stage_model.transformer.text_model.", 196, 123_060_480),
    ],
)
def test_the_counts_are_those_of_stable_diffusion(ldm, prefix, tensors, values):
    found = of(ldm, prefix)
    assert (len(found), sum(map(prod, found.values()))) == (tensors, values)


@pytest.mark.parametrize(
    ("name", "shape"),
    {
        "model.diffusion_model.output_blocks.0.0.in_layers.2.weight": (1280, 2560, 3, 3),
        "model.diffusion_model.output_blocks.2.1.conv.weight": (1280, 1280, 3, 3),
        "model.diffusion_model.output_blocks.5.2.conv.weight": (1280, 1280, 3, 3),
        "model.diffusion_model.output_blocks.8.2.conv.weight": (640, 640, 3, 3),
        "model.diffusion_model.output_blocks.11.0.skip_connection.weight": (320, 640, 1, 1),
        "model.diffusion_model.output_blocks.11.1.proj_out.weight": (320, 320, 1, 1),
        "model.diffusion_model.out.2.weight": (4, 320, 3, 3),
        "first_stage_model.encoder.down.1.block.0.nin_shortcut.weight": (256, 128, 1, 1),
        "first_stage_model.encoder.mid.attn_1.q.weight": (512, 512, 1, 1),
        "first_stage_model.encoder.mid.attn_1.norm.weight": (512,),
        "first_stage_model.decoder.up.0.block.0.nin_shortcut.weight": (128, 256, 1, 1),
        "first_stage_model.decoder.up.3.upsample.conv.weight": (512, 512, 3, 3),
        "first_stage_model.quant_conv.weight": (8, 8, 1, 1),
        "cond_stage_model.transformer.text_model.final_layer_norm.weight": (768,),
        "cond_stage_model.transformer.text_model.encoder.layers.11.mlp.fc2.weight": (768, 3072),
    }.items(),
)
def test_known_tensors_are_where_stable_diffusion_has_them(ldm, name, shape):
    assert ldm[name].shape == shape


def test_the_whole_comes_back_with_the_shapes_told_from_itself(parts, ldm):
    back = split_checkpoint(ldm)
    assert [shapes(part) for part in back[:4]] == [shapes(part) for part in parts[:4]]
