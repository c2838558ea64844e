"""The compact backbone: a small U-Net trained from scratch, for machines without a GPU."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from diffusers import UNet2DConditionModel

from medsynth.model.codecs.building import build_codec
from medsynth.model.codecs.codec import Codec
from medsynth.model.compact_options import CompactOptions
from medsynth.model.controlnet import HintControlNet
from medsynth.model.network import HintedDiffusion
from medsynth.model.options import ModelOptions
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
        dropout=options.dropout,
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


class Compact:
    """The compact backbone: everything is trained on the user's images.

    Args:
        options: the model's options.
    """

    def __init__(self, options: ModelOptions) -> None:
        self.options = options

    def unit_px(self) -> int:
        """Return the codec's factor times the U-Net's."""
        return int(self.options.codec.factor * 2 ** (len(self.options.compact.channels) - 1))

    def build_codec(self, image_channels: int) -> Codec:
        """Return the codec that the options name, yet to be fitted."""
        return build_codec(self.options.codec, image_channels)

    def build_network(self, codec: Codec, label_count: int) -> HintedDiffusion:
        """Return a new network for a fitted codec's latents."""
        schedule = self.options.schedule
        return build_network(self.options.compact, schedule, codec.std.cpu(), label_count)

    def add_controlnet(self, network: HintedDiffusion, codec: Codec) -> None:
        """Add a ControlNet copied from the U-Net; freeze the U-Net's encoder half."""
        add_controlnet(network, self.options.compact, codec.merges)

    def prompt(self) -> str | None:
        """Return None: a U-Net trained from scratch on few images learns no language."""
        return None

    def encode_prompts(self, prompts: Sequence[str]) -> torch.Tensor:
        """Never called, for there are no prompts."""
        raise NotImplementedError


def add_controlnet(network: HintedDiffusion, options: CompactOptions, merges: int) -> None:
    """Give a network its ControlNet, copied from the U-Net; freezes the encoder half."""
    controlnet = HintControlNet.from_unet(
        network.unet, options.hint_width, merges, options.zero_hint, options.hint
    )
    network.controlnet = controlnet.to(memory_format=torch.channels_last)
    network.encoder.requires_grad_(False)
