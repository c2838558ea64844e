"""The compact backbone: a small U-Net trained from scratch, for machines without a GPU."""

from __future__ import annotations

import math

import torch
from diffusers import UNet2DConditionModel

from medsynth.model.compact_options import CompactOptions
from medsynth.model.controlnet import HintControlNet
from medsynth.model.network import HintedDiffusion
from medsynth.model.preconditioning import Preconditioning
from medsynth.model.schedule import NoiseSchedule
from medsynth.model.schedule_options import ScheduleOptions

GROUPS = 8
"""Groups of each group normalisation; all channels are multiples of it."""
HEAD = 32
"""Channels of an attention head, where the channels can be divided so."""


def build_unet(
    options: CompactOptions, latent_channels: int, label_count: int = 0
) -> UNet2DConditionModel:
    """Return a new U-Net; self-attention at the lowest level only, no prompts.

    Args:
        options: sizes.
        latent_channels: channels of the codec's latents.
        label_count: image labels to condition on; 0 for none.
    """
    levels = len(options.channels)
    return UNet2DConditionModel(
        in_channels=latent_channels,
        out_channels=latent_channels,
        block_out_channels=options.channels,
        layers_per_block=options.layers,
        down_block_types=(*["DownBlock2D"] * (levels - 1), "AttnDownBlock2D"),
        mid_block_type="UNetMidBlock2D",
        up_block_types=("AttnUpBlock2D", *["UpBlock2D"] * (levels - 1)),
        norm_num_groups=GROUPS,
        attention_head_dim=math.gcd(HEAD, options.channels[-1]),
        num_class_embeds=label_count or None,
    )


def build_network(
    options: CompactOptions,
    schedule: ScheduleOptions,
    std: torch.Tensor,
    label_count: int = 0,
) -> HintedDiffusion:
    """Return a new network without ControlNet (see `add_controlnet`), in channels_last.

    Args:
        options: sizes.
        schedule: noise schedule and prediction.
        std: (C,) standard deviations of the latents' channels.
        label_count: image labels to condition on; 0 for none.
    """
    unet = build_unet(options, len(std), label_count)
    pre = Preconditioning(std) if schedule.prediction == "v" else None
    network = HintedDiffusion(unet, None, NoiseSchedule(schedule), pre)
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def add_controlnet(network: HintedDiffusion, options: CompactOptions, merges: int) -> None:
    """Give a network its ControlNet, copied from the U-Net; freezes the encoder half."""
    controlnet = HintControlNet.from_unet(
        network.unet, options.hint_width, merges, options.zero_hint
    )
    network.controlnet = controlnet.to(memory_format=torch.channels_last)
    network.encoder.requires_grad_(False)
