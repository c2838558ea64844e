"""Checkpoints that are not what they should be: every one an input error that names it."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from medsynth.core.errors import InputError
from medsynth.model.ldm.parts import LdmParts, merge_checkpoint, split_checkpoint

from . import networks
from .networks import TINY_TEXT, TINY_UNET, TINY_VAE

PARTS = networks.tiny_parts()
LDM = merge_checkpoint(PARTS, TINY_UNET, TINY_VAE, TINY_TEXT)


def test_a_text_encoder_of_open_clip_is_refused_or_passed_over():
    state = {k: v for k, v in LDM.items() if not k.startswith("cond_stage_model.")}
    name = "cond_stage_model.model.positional_embedding"
    state[name] = torch.zeros(7, 6)
    with pytest.raises(InputError, match="open_clip") as caught:
        split_checkpoint(state)
    assert "comes from the base" in caught.value.tip
    back = split_checkpoint(state, take_text=False)
    assert back.text_encoder is None
    assert back.ignored == (name,)


def test_unknown_missing_and_misshapen_tensors_are_told_together():
    state = dict(LDM)
    del state["control_model.zero_convs.1.0.bias"]
    state["control_model.zero_convs.2.0.bias"] = torch.zeros(5)
    state |= {f"discriminator.{k}": torch.zeros(1) for k in range(7)}
    with pytest.raises(InputError) as caught:
        split_checkpoint(state)
    said = caught.value.what
    assert "1 missing: control_model.zero_convs.1.0.bias" in said
    assert "7 unknown: discriminator.0, discriminator.1" in said
    assert "and 2 more" in said
    assert "1 of another shape: control_model.zero_convs.2.0.bias is 5 instead of 8" in said


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(sorted(LDM)), st.sampled_from(["drop", "grow", "flatten", "rename"]))
def test_one_wrong_tensor_anywhere_is_an_input_error(name, what):
    state = dict(LDM)
    value = state.pop(name)
    if what == "grow":
        state[name] = torch.cat([value, value])
    elif what == "flatten":
        state[name] = value.reshape(1, -1, 1, 1)
    elif what == "rename":
        state[f"{name}.more"] = value
    for config in (None, TINY_UNET):
        with pytest.raises(InputError) as caught:
            split_checkpoint(state, config)
        assert caught.value.tip


@settings(max_examples=20, deadline=None)
@given(st.data())
def test_one_wrong_tensor_of_any_part_is_an_input_error_on_the_way_back(data):
    which = data.draw(st.integers(0, 3))
    name = data.draw(st.sampled_from(sorted(PARTS[which])))
    part = {k: v for k, v in PARTS[which].items() if k != name}
    parts = LdmParts(*(part if k == which else PARTS[k] for k in range(4)))
    with pytest.raises(InputError, match=r"missing|no Dense Hint Input"):
        merge_checkpoint(parts, TINY_UNET, TINY_VAE, TINY_TEXT)


@pytest.mark.parametrize(
    ("prefix", "said"),
    [
        ("control_model.", "no Dense Hint Input"),
        ("control_model.input_hint_block.0.", "no Dense Hint Input"),
        ("model.diffusion_model.", "no U-Net"),
        ("model.diffusion_model.middle_block.1.", "not Stable Diffusion's"),
        ("first_stage_model.encoder.", "not Stable Diffusion's"),
        ("cond_stage_model.transformer.text_model.embeddings.", "not CLIP's"),
    ],
)
def test_a_checkpoint_without_a_network_says_which(prefix, said):
    with pytest.raises(InputError, match=said):
        split_checkpoint({k: v for k, v in LDM.items() if not k.startswith(prefix)})


def test_another_bases_config_is_an_input_error():
    with pytest.raises(InputError, match="of another shape"):
        split_checkpoint(LDM, TINY_UNET | {"cross_attention_dim": 7})


def test_a_part_without_its_config_is_our_bug():
    with pytest.raises(ValueError, match="VAE"):
        merge_checkpoint(PARTS, TINY_UNET)
    with pytest.raises(ValueError, match="text encoder"):
        merge_checkpoint(PARTS, TINY_UNET, TINY_VAE)


def test_other_networks_than_stable_diffusions_have_no_layout():
    compact = {
        "down_block_types": ("DownBlock2D", "AttnDownBlock2D"),
        "up_block_types": ("AttnUpBlock2D", "UpBlock2D"),
    }
    with pytest.raises(InputError, match="AttnDownBlock2D"):
        merge_checkpoint(PARTS, TINY_UNET | compact)
    with pytest.raises(InputError, match="add_embedding"):
        split_checkpoint(
            LDM,
            TINY_UNET
            | {
                "addition_embed_type": "text_time",
                "addition_time_embed_dim": 4,
                "projection_class_embeddings_input_dim": 8,
            },
        )
