"""Options of a segmentation network and its fit. No torch here: recipes are read without it."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from medsynth.core.options import Options

NetworkName = Literal["unet", "attention-unet", "segresnet", "mobilenet-unet"]


class SegmenterFit(Options):
    """How a segmentation network is fitted on real or synthetic pairs.

    What is null is as suits the network: an encoder that has learned before wants a lower rate
    and less beside it.
    """

    width: int | None = Field(default=None, ge=4, le=256)
    """Channels at full resolution; each level below has twice as many. null: 16; 8 of
    mobilenet-unet's decoder."""
    steps: int = Field(default=300, ge=1)
    """Optimizer steps."""
    batch: int | None = Field(default=None, ge=1)
    """Pairs a step. null: 16; 8 for mobilenet-unet."""
    learning_rate: float | None = Field(default=None, gt=0)
    """Peak of AdamW's rate, which rises for a tenth of the steps and falls to nothing. null: 2e-3;
    1e-3 for mobilenet-unet."""
    augmentation: Literal["none", "classic"] = "classic"
    """classic: flips, rotation, scale, shift, brightness, contrast and gamma, drawn anew each
    time."""

    def of(self, network: Any) -> SegmenterOptions:
        """Return the options of a network's fit, with nothing left open.

        >>> SegmenterFit(batch=4).of("mobilenet-unet").width
        8
        """
        own = {k: v for k, v in self.model_dump(exclude={"network"}).items() if v is not None}
        return SegmenterOptions(network=network, **{**SUITS.get(network, {}), **own})


class SegmenterChoice(SegmenterFit):
    """A segmentation network, and how it is fitted."""

    network: NetworkName = "unet"
    """MONAI's residual U-Net, Attention U-Net (Oktay et al. 2018) or SegResNet (Myronenko 2018); or
    MONAI's decoder above a MobileNetV2 that has learned from ImageNet, for photographs."""

    def settled(self) -> SegmenterOptions:
        """Return the same with nothing left open."""
        return self.of(self.network)


class SegmenterOptions(SegmenterChoice):
    """A segmentation network and its fit, with nothing left open."""

    width: int = Field(default=16, ge=4, le=256)
    batch: int = Field(default=16, ge=1)
    learning_rate: float = Field(default=2e-3, gt=0)


SUITS: dict[str, dict[str, float]] = {
    "mobilenet-unet": {"width": 8, "batch": 8, "learning_rate": 1e-3}
}
"""What differs from the defaults of `SegmenterOptions`."""
