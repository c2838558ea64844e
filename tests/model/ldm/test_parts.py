"""A whole checkpoint to its networks and back: values, and what the networks compute."""

from __future__ import annotations

import pytest
import torch
from transformers import CLIPTextConfig, CLIPTextModel

from medsynth.model.controlnet import HintControlNet
from medsynth.model.ldm import text_names
from medsynth.model.ldm.hint_shape import infer_hint_shape
from medsynth.model.ldm.parts import merge_checkpoint, split_checkpoint
from medsynth.model.ldm.schedule_buffers import schedule_buffers
from medsynth.model.schedule import scaled_linear_alphas

from . import networks
from .networks import TINY_TEXT, TINY_UNET, TINY_VAE

PARTS = networks.tiny_parts()
LDM = merge_checkpoint(PARTS, TINY_UNET, TINY_VAE, TINY_TEXT)


def assert_equal(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].dtype == value.dtype
        assert torch.equal(found[name], value), name


@pytest.mark.parametrize("config", [TINY_UNET, None])
def test_a_round_trip_changes_no_bit(config):
    back = split_checkpoint(LDM, config)
    for found, expected in zip(back[:4], PARTS[:4], strict=True):
        assert_equal(found, expected)
    assert_equal(merge_checkpoint(back, TINY_UNET, TINY_VAE, TINY_TEXT), LDM)


def test_nothing_is_copied():
    kept = {value.data_ptr() for value in LDM.values()}
    assert all(v.data_ptr() in kept for part in split_checkpoint(LDM)[:4] for v in part.values())


@torch.no_grad()
def test_unet_and_controlnet_compute_the_same_after_a_round_trip():
    z, t, context = torch.randn(2, 4, 8, 8).double(), torch.tensor([3, 700]), torch.randn(2, 5, 6)
    hint, back = torch.rand(2, 3, 32, 32).double(), split_checkpoint(LDM, TINY_UNET)
    outputs = []
    for seed, parts in ((0, PARTS), (9, back)):
        unet = networks.tiny_unet(seed)
        controlnet = HintControlNet.from_unet(unet, *infer_hint_shape(LDM)).double().eval()
        unet.load_state_dict(parts.unet)
        controlnet.load_state_dict(parts.controlnet)
        features = controlnet.hint_features(hint)
        added = controlnet.residuals(z, t, context.double(), features)
        outputs.append(
            unet(
                z,
                t,
                context.double(),
                down_block_additional_residuals=added.skips,
                mid_block_additional_residual=added.middle,
            ).sample
        )
    torch.testing.assert_close(outputs[0], outputs[1], rtol=0, atol=1e-5)
    assert outputs[0].std() > 0.01


@torch.no_grad()
def test_vae_and_text_encoder_compute_the_same_after_a_round_trip():
    image, tokens = torch.rand(1, 3, 16, 16).double(), torch.tensor([[1, 5, 2]])
    back, pictures, embeddings = split_checkpoint(LDM), [], []
    for seed, parts in ((0, PARTS), (9, back)):
        vae, text = networks.tiny_vae(seed), networks.tiny_text(seed).float()
        vae.load_state_dict(parts.vae)
        text.load_state_dict(parts.text_encoder)
        pictures.append(vae.decode(vae.encode(image).latent_dist.mode()).sample)
        embeddings.append(text(tokens).last_hidden_state)
    for before, after in (pictures, embeddings):
        torch.testing.assert_close(before, after, rtol=0, atol=1e-5)


@torch.no_grad()
def test_a_controlnet_of_the_checkpoints_names_follows_the_specification():
    """Dense Hint Input computed from LDM's names by hand gives the mapped network's features."""
    hint = torch.rand(2, 3, 8, 16).double()
    controlnet = HintControlNet.from_unet(networks.tiny_unet(), *infer_hint_shape(LDM)).double()
    controlnet.load_state_dict(split_checkpoint(LDM).controlnet)
    prefix = "control_model.input_hint_block."

    def conv(name, x):
        return torch.conv2d(
            x, LDM[f"{prefix}{name}.weight"], LDM[f"{prefix}{name}.bias"], padding=1
        )

    def block(k, x):
        silu = torch.nn.functional.silu
        return silu(conv(f"0.layer{k}.conv2", silu(conv(f"0.layer{k}.conv1", x))) + x)

    def merge(k, x):
        corners = [x[..., i::2, j::2] for j in (0, 1) for i in (0, 1)]
        x, name = torch.cat(corners, 1).permute(0, 2, 3, 1), f"{prefix}0.patch_merge{k}"
        norm = (LDM[f"{name}.norm.weight"], LDM[f"{name}.norm.bias"])
        x = torch.nn.functional.layer_norm(x, x.shape[-1:], *norm)
        x = x @ LDM[f"{name}.reduction.weight"].T + LDM[f"{name}.reduction.bias"]
        return x.permute(0, 3, 1, 2)

    x = block(1, conv("0.initial_conv", hint))
    x = block(2, conv("0.conv_before_res2", x))
    for k in (1, 2):
        x = block(k + 2, conv(f"0.conv_before_res{k + 2}", merge(k, x)))
    expected = conv("1", x)
    torch.testing.assert_close(controlnet.hint_features(hint), expected, rtol=0, atol=1e-12)


def test_vae_and_text_encoder_may_be_absent():
    kept = ("model.", "control_model.")
    back = split_checkpoint({k: v for k, v in LDM.items() if k.startswith(kept)})
    assert back.vae is None
    assert back.text_encoder is None
    assert_equal(back.unet, PARTS.unet)
    assert merge_checkpoint(back, TINY_UNET).keys() == {k for k in LDM if k.startswith(kept)}


def test_what_the_specification_lists_is_ignored_and_named():
    more = schedule_buffers(scaled_linear_alphas())
    more["lvlb_weights"] = torch.ones(1000)
    more["cond_stage_model.transformer.text_model.embeddings.position_ids"] = torch.arange(7)
    more["model_ema.decay"] = torch.tensor(0.9999)
    more["model_ema.diffusion_modelout2bias"] = torch.ones(4)
    back = split_checkpoint(LDM | more)
    assert set(back.ignored) == set(more)
    assert_equal(back.unet, PARTS.unet)


def test_without_text_a_position_table_alone_is_no_text_encoder():
    kept = {k: v for k, v in LDM.items() if not k.startswith("cond_stage_model.")}
    kept["cond_stage_model.transformer.text_model.embeddings.position_ids"] = torch.arange(7)
    assert split_checkpoint(kept).text_encoder is None


def test_a_text_encoder_may_have_the_names_of_any_transformers():
    word, prefix = "text_model.", "cond_stage_model.transformer."
    assert sum(k.startswith(prefix + word) for k in LDM) == len(PARTS.text_encoder)
    newer = {k.replace(prefix + word, prefix): v for k, v in LDM.items()}
    assert_equal(split_checkpoint(newer).text_encoder, PARTS.text_encoder)
    older = {word + k.removeprefix(word): v for k, v in PARTS.text_encoder.items()}
    merged = merge_checkpoint(PARTS._replace(text_encoder=older), TINY_UNET, TINY_VAE, TINY_TEXT)
    assert_equal(merged, LDM)


def test_transformers_own_config_is_taken():
    text = CLIPTextModel(CLIPTextConfig(**TINY_TEXT))
    merged = merge_checkpoint(PARTS, TINY_UNET, TINY_VAE, text.config.to_dict())
    assert_equal(merged, LDM)


def test_under_transformers_4_its_names_are_given(monkeypatch):
    """There CLIPTextModel's own names begin with text_model."""
    word, now = "text_model.", text_names.shapes_of
    monkeypatch.setattr(
        text_names,
        "shapes_of",
        lambda build: {word + k.removeprefix(word): shape for k, shape in now(build).items()},
    )
    older = {word + k.removeprefix(word): v for k, v in PARTS.text_encoder.items()}
    back = split_checkpoint(LDM)
    assert_equal(back.text_encoder, older)
    assert_equal(merge_checkpoint(PARTS, TINY_UNET, TINY_VAE, TINY_TEXT), LDM)
    assert_equal(merge_checkpoint(back, TINY_UNET, TINY_VAE, TINY_TEXT), LDM)
