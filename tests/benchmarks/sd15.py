"""Stable Diffusion v1.5's shapes, written out: what the computed benchmarks count.

Nothing is downloaded, and on the meta device nothing is computed or stored either.
"""

from __future__ import annotations

import warnings

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from medsynth.model.controlnet import HintControlNet
from medsynth.model.network import Condition, HintedDiffusion
from medsynth.model.schedule import NoiseSchedule
from medsynth.model.schedule_options import ScheduleOptions
from medsynth.model.siamese import StepInput

TOKENS, CONTEXT = 77, 768
LATENT_CHANNELS, DOWNSAMPLING = 4, 8
META = torch.device("meta")

UNET = {
    "sample_size": 64,
    "in_channels": LATENT_CHANNELS,
    "out_channels": LATENT_CHANNELS,
    "block_out_channels": (320, 640, 1280, 1280),
    "layers_per_block": 2,
    "down_block_types": (*["CrossAttnDownBlock2D"] * 3, "DownBlock2D"),
    "up_block_types": ("UpBlock2D", *["CrossAttnUpBlock2D"] * 3),
    "cross_attention_dim": CONTEXT,
    "attention_head_dim": 8,
}
VAE = {
    "block_out_channels": (128, 256, 512, 512),
    "layers_per_block": 2,
    "latent_channels": LATENT_CHANNELS,
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "sample_size": 512,
}
TEXT = {
    "vocab_size": 49408,
    "hidden_size": CONTEXT,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "max_position_embeddings": TOKENS,
}


def build(unet=UNET, device=META, hint_width=16) -> HintedDiffusion:
    """Return U-Net and ControlNet as a fit has them; Dense Hint Input as published."""
    with torch.device(device), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a copy between meta tensors is no copy
        base = UNet2DConditionModel(**unet)
        controlnet = HintControlNet.from_unet(base, hint_width=hint_width, hint_merges=3)
        options = ScheduleOptions(name="scaled-linear", prediction="epsilon")
        network = HintedDiffusion(base, controlnet, NoiseSchedule(options), None)
    network.encoder.requires_grad_(False)
    return network.train()


def batch(n, size, t=None, context=CONTEXT, device=META) -> StepInput:
    """Return a batch of `n` images of size x size; on the meta device `t` has no values."""
    side = size // DOWNSAMPLING

    def normal(*shape):
        return torch.randn(n, *shape, device=device)

    return StepInput(
        z0=normal(LATENT_CHANNELS, side, side),
        mask=(normal(3, size, size) > 0).float(),
        image=normal(3, size, size).sigmoid(),
        eps=normal(LATENT_CHANNELS, side, side),
        t=torch.tensor([500] * n if t is None else t, device=device),
        eps_again=normal(LATENT_CHANNELS, side, side),
        keep=torch.ones(n, device=device),
        condition=Condition(normal(TOKENS, context)),
    )


def vae() -> AutoencoderKL:
    with META:
        return AutoencoderKL(**VAE).requires_grad_(False)


def text_encoder() -> CLIPTextModel:
    with META:
        return CLIPTextModel(CLIPTextConfig(**TEXT)).requires_grad_(False)


def token_ids(n) -> torch.Tensor:
    return torch.zeros(n, TOKENS, dtype=torch.int64, device=META)
