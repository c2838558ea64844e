"""Stable Diffusion's networks: tiny with random weights, or real in shape on the meta device."""

from __future__ import annotations

from typing import Any

import torch
from diffusers import AutoencoderKL, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel

from medsynth.model.controlnet import HintControlNet
from medsynth.model.ldm.parts import LdmParts

DOWN, UP = ("CrossAttnDownBlock2D", "DownBlock2D"), ("UpBlock2D", "CrossAttnUpBlock2D")

TINY_UNET: dict[str, Any] = {
    "block_out_channels": (8, 16),
    "down_block_types": DOWN,
    "up_block_types": UP,
    "layers_per_block": 2,
    "cross_attention_dim": 6,
    "attention_head_dim": 4,
    "norm_num_groups": 4,
}
TINY_VAE: dict[str, Any] = {
    "block_out_channels": (4, 8, 8),
    "down_block_types": ("DownEncoderBlock2D",) * 3,
    "up_block_types": ("UpDecoderBlock2D",) * 3,
    "layers_per_block": 1,
    "norm_num_groups": 2,
}
TINY_TEXT: dict[str, Any] = {
    "vocab_size": 11,
    "hidden_size": 6,
    "intermediate_size": 10,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "max_position_embeddings": 7,
    "eos_token_id": 2,
}
SD15_UNET: dict[str, Any] = {
    "block_out_channels": (320, 640, 1280, 1280),
    "down_block_types": (*["CrossAttnDownBlock2D"] * 3, "DownBlock2D"),
    "up_block_types": ("UpBlock2D", *["CrossAttnUpBlock2D"] * 3),
    "layers_per_block": 2,
    "cross_attention_dim": 768,
    "attention_head_dim": 8,
}
SD21_UNET = SD15_UNET | {
    "cross_attention_dim": 1024,
    "attention_head_dim": (5, 10, 20, 20),
    "use_linear_projection": True,
}
SD15_VAE: dict[str, Any] = {
    "block_out_channels": (128, 256, 512, 512),
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "layers_per_block": 2,
}
SD15_TEXT: dict[str, Any] = {
    "vocab_size": 49408,
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "max_position_embeddings": 77,
    "hidden_act": "quick_gelu",
}


def seeded(module: torch.nn.Module) -> torch.nn.Module:
    """In float64 and evaluation mode, with nothing left at zero or one: mix-ups would hide."""
    module = module.double().eval()
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return module


def tiny_unet(seed: int = 0, **changes: Any) -> UNet2DConditionModel:
    torch.manual_seed(seed)
    return seeded(UNet2DConditionModel(**TINY_UNET | changes))


def tiny_controlnet(unet: UNet2DConditionModel, seed: int = 5) -> HintControlNet:
    """Its encoder half is not the U-Net's: mixing up the two would show."""
    torch.manual_seed(seed)
    return seeded(HintControlNet.from_unet(unet, hint_width=2, hint_merges=2))


def tiny_vae(seed: int = 0) -> AutoencoderKL:
    torch.manual_seed(seed)
    return seeded(AutoencoderKL(**TINY_VAE))


def tiny_text(seed: int = 0) -> CLIPTextModel:
    torch.manual_seed(seed)
    return seeded(CLIPTextModel(CLIPTextConfig(**TINY_TEXT)))


def tiny_parts() -> LdmParts:
    unet = tiny_unet()
    return LdmParts(
        unet.state_dict(),
        tiny_controlnet(unet).state_dict(),
        tiny_vae().state_dict(),
        tiny_text().state_dict(),
    )


def sd15_parts() -> LdmParts:
    """Stable Diffusion v1.5 with the published ControlNet, without memory."""
    with torch.device("meta"):
        unet = UNet2DConditionModel(**SD15_UNET)
        return LdmParts(
            unet.state_dict(),
            HintControlNet.from_unet(unet).state_dict(),
            AutoencoderKL(**SD15_VAE).state_dict(),
            CLIPTextModel(CLIPTextConfig(**SD15_TEXT)).state_dict(),
        )


def shapes(state: Any) -> dict[str, tuple[int, ...]]:
    return {name: tuple(value.shape) for name, value in state.items()}
