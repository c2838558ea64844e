"""The Stable Diffusion backbone: SD 1.x or 2.x as base, frozen but for its decoder half."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor

from medsynth.core.errors import UsageError
from medsynth.model.codecs.codec import Codec
from medsynth.model.controlnet import HintControlNet
from medsynth.model.network import HintedDiffusion
from medsynth.model.options import ModelOptions
from medsynth.model.schedule import NoiseSchedule
from medsynth.model.schedule_options import ScheduleOptions
from medsynth.model.stable_diffusion.base import Base
from medsynth.model.stable_diffusion.lora import add_lora
from medsynth.model.stable_diffusion.prompts import encode_prompts
from medsynth.model.stable_diffusion.vae import KlAutoencoder

PREDICTIONS = {"epsilon": "epsilon", "v_prediction": "v"}


class StableDiffusion:
    """Stable Diffusion under the Siamese step (Qiu et al., CVPR 2025).

    Args:
        options: the model's options.

    Raises:
        UsageError: no base is named or there; or the schedule is not the base's.
    """

    def __init__(self, options: ModelOptions) -> None:
        self.options = options.stable_diffusion
        self.schedule = options.schedule
        self.base = Base(options.stable_diffusion)
        check_schedule(options.schedule, self.base)

    def unit_px(self) -> int:
        """Return the codec's factor times the U-Net's."""
        levels = len(self.base.config("unet")["block_out_channels"])
        stages = len(self.base.config("vae")["block_out_channels"])
        return int(2 ** (stages - 1) * 2 ** (levels - 1))

    def build_codec(self, image_channels: int) -> Codec:
        """Return the base's autoencoder."""
        return KlAutoencoder(self.base.vae(), image_channels)

    def build_network(self, codec: Codec, label_count: int) -> HintedDiffusion:
        """Return the base's U-Net; its encoder half is frozen and stays the base's own."""
        if label_count:
            raise UsageError(
                "the backbone stable-diffusion has no image labels (model.label_column).",
                "Name the column in the prompt: model.stable_diffusion.prompt='... {column}'.",
            )
        unet: UNet2DConditionModel = self.base.unet()
        if unet.config.in_channels != codec.channels:
            raise UsageError(
                f"the U-Net of {self.base.where} takes {unet.config.in_channels} channels and its "
                f"autoencoder has {codec.channels}: an inpainting or depth model.",
                "Take a plain text-to-image Stable Diffusion.",
            )
        network = HintedDiffusion(unet, None, NoiseSchedule(self.schedule), None)
        network.borrow(f"unet.{name}" for name, _ in network.encoder.named_parameters())
        if self.options.lora_rank:
            add_lora(network, self.options.lora_rank)
        return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]

    def add_controlnet(self, network: HintedDiffusion, codec: Codec) -> None:
        """Add a ControlNet copied from the U-Net; freeze the U-Net's encoder half."""
        controlnet = HintControlNet.from_unet(
            network.unet, self.options.hint_width, codec.merges, self.options.zero_hint
        )
        network.controlnet = controlnet.to(memory_format=torch.channels_last)
        network.encoder.requires_grad_(False)

    def prompt(self) -> str | None:
        """Return the prompt's template."""
        return self.options.prompt

    def encode_prompts(self, prompts: Sequence[str]) -> Tensor:
        """Return the base's text encoder's embeddings, (N, L, D) float32."""
        return encode_prompts(self.base, prompts)


def check_schedule(schedule: ScheduleOptions, base: Base) -> None:
    """Refuse a schedule that the base was not trained on.

    Raises:
        UsageError: name, shift or prediction differ.
    """
    wanted = PREDICTIONS.get(base.config("scheduler").get("prediction_type", "epsilon"))
    if (schedule.name, schedule.shift, schedule.prediction) != ("scaled-linear", 1.0, wanted):
        raise UsageError(
            f"the base {base.where} was trained with the scaled-linear schedule and predicts "
            f"{wanted}; the recipe's model.schedule is another.",
            f"Take --set 'model.schedule={{name: scaled-linear, prediction: {wanted}}}'.",
        )
