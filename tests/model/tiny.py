"""Networks small enough for float64, with nothing left at zero that a test could miss."""

from __future__ import annotations

import torch
from diffusers import UNet2DConditionModel

from medsynth.model.compact import add_controlnet, build_network
from medsynth.model.compact_options import CompactOptions
from medsynth.model.controlnet import HintControlNet
from medsynth.model.network import Condition, HintedDiffusion
from medsynth.model.schedule import NoiseSchedule
from medsynth.model.schedule_options import ScheduleOptions
from medsynth.model.siamese import StepInput

CHANNELS = 3
OPTIONS = CompactOptions(channels=(8, 32), layers=1, hint_width=2)


def unet(context: bool, labels: int = 0) -> UNet2DConditionModel:
    """A U-Net of diffusers' own, with or without cross-attention."""
    torch.manual_seed(0)
    down, up = ("DownBlock2D", "AttnDownBlock2D"), ("AttnUpBlock2D", "UpBlock2D")
    if context:
        down, up = ("DownBlock2D", "CrossAttnDownBlock2D"), ("CrossAttnUpBlock2D", "UpBlock2D")
    return randomised(
        UNet2DConditionModel(
            in_channels=CHANNELS,
            out_channels=CHANNELS,
            block_out_channels=(8, 16),
            layers_per_block=2,
            down_block_types=down,
            up_block_types=up,
            mid_block_type="UNetMidBlock2DCrossAttn" if context else "UNetMidBlock2D",
            cross_attention_dim=6,
            norm_num_groups=4,
            attention_head_dim=4,
            num_class_embeds=labels or None,
        ).double()
    )


def randomised(module: torch.nn.Module, seed: int = 1) -> torch.nn.Module:
    """Fill whatever is zero with small noise: a new ControlNet would hide every mistake."""
    rng = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            if not parameter.any():
                noise = torch.randn(parameter.shape, generator=rng, dtype=parameter.dtype)
                parameter.copy_(0.2 * noise)
    return module


def compact(prediction: str = "v", labels: int = 0, weighting: str = "balanced") -> HintedDiffusion:
    """The compact backbone with its ControlNet, in float64."""
    torch.manual_seed(0)
    std = torch.tensor([2.0, 0.5, 0.1])
    schedule = ScheduleOptions(prediction=prediction, weighting=weighting)
    network = build_network(OPTIONS, schedule, std, labels)
    add_controlnet(network, OPTIONS, merges=1)
    return randomised(network.double())


def prompted(labels: int = 0) -> HintedDiffusion:
    """A network as Stable Diffusion's: prompts, epsilon, no preconditioning."""
    base = unet(context=True, labels=labels)
    torch.manual_seed(1)
    controlnet = HintControlNet.from_unet(base, hint_width=2, hint_merges=1)
    schedule = NoiseSchedule(ScheduleOptions(name="scaled-linear", prediction="epsilon"))
    network = HintedDiffusion(base, controlnet, schedule, None).double()
    network.encoder.requires_grad_(False)
    return randomised(network)


def batch(t: list[int], context: bool = False, labels: int = 0, seed: int = 0) -> StepInput:
    """A batch with random everything; images 16x16, latents 8x8."""
    rng = torch.Generator().manual_seed(seed)
    n = len(t)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(shape, generator=rng, dtype=torch.float64)

    return StepInput(
        z0=normal(n, CHANNELS, 8, 8),
        mask=(normal(n, 3, 16, 16) > 0).double(),
        image=normal(n, 3, 16, 16).sigmoid(),
        eps=normal(n, CHANNELS, 8, 8),
        t=torch.tensor(t),
        eps_again=normal(n, CHANNELS, 8, 8),
        keep=torch.ones(n, dtype=torch.float64),
        condition=Condition(
            normal(n, 5, 6) if context else None,
            torch.arange(n) % labels if labels else None,
        ),
    )
