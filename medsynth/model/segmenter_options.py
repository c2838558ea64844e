"""Options of a segmentation network and its fit. No torch here: recipes are read without it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from medsynth.core.options import Options

NetworkName = Literal["unet", "attention-unet", "segresnet", "mobilenet-unet"]


class SegmenterOptions(Options):
    """A segmentation network, and how it is fitted on real or synthetic pairs."""

    network: NetworkName = "unet"
    """MONAI's residual U-Net, Attention U-Net (Oktay et al. 2018) or SegResNet (Myronenko 2018); or
    MONAI's decoder above a MobileNetV2 that has learned from ImageNet, for photographs."""
    width: int = Field(default=16, ge=4, le=256)
    """Channels at full resolution; each of the three further levels has twice as many."""
    steps: int = Field(default=300, ge=1)
    """Optimizer steps."""
    batch: int = Field(default=16, ge=1)
    """Pairs a step."""
    learning_rate: float = Field(default=2e-3, gt=0)
    """Peak of AdamW's rate, which rises for a tenth of the steps and falls to nothing."""
    augmentation: Literal["none", "classic"] = "classic"
    """classic: flips, rotation, scale, shift, brightness, contrast and gamma, drawn anew each
    time."""
