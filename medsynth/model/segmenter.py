"""Segmentation networks of MONAI: they judge synthetic images, and prove what these are worth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from medsynth.core.errors import InputError
from medsynth.model.mobilenet import weights_in_wheel
from medsynth.model.mobilenet_unet import MobileNetUNet, standardised_rgb
from medsynth.model.pixels import to_tensor
from medsynth.model.segmenter_options import SegmenterOptions

UNIT_PX = 8
"""Most networks halve three times; other sizes are padded."""


class Segmenter(nn.Module):
    """A network from images to class scores, at any size.

    Args:
        network: from standardised images to scores.
        standardised: (B, C, H, W) in [0, 1] to what the network takes.
        unit_px: it takes multiples of so many pixels.
    """

    def __init__(
        self,
        network: nn.Module,
        standardised: Callable[[Tensor], Tensor],
        unit_px: int,
    ) -> None:
        super().__init__()
        self.network = network
        self.standardised = standardised
        self.unit_px = unit_px

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) in [0, 1] to (B, K, H, W) scores; softmax over K gives probabilities."""
        height, width = images.shape[-2:]
        pad = (0, -width % self.unit_px, 0, -height % self.unit_px)
        x = self.standardised(images)
        if any(pad):
            x = F.pad(x, pad, mode="replicate")
        return cast(Tensor, self.network(x)[..., :height, :width])


def centred(images: Tensor) -> Tensor:
    """Return images in [0, 1] with a mean of about 0 and a deviation of about 1."""
    return (images - 0.5) / 0.25


def refuse_missing_weights(network: str) -> None:
    """Refuse a network that begins with weights which are not installed.

    Raises:
        InputError: how to install them.
    """
    if network == "mobilenet-unet":
        weights_in_wheel()


def has_weights(network: str) -> bool:
    """Return whether the weights are installed that a network begins with, if there are any."""
    try:
        refuse_missing_weights(network)
    except InputError:
        return False
    return True


def begin_segmenter(options: SegmenterOptions, channels: int, classes: int) -> Segmenter:
    """Return a network as a fit begins with it: mobilenet-unet's encoder has ImageNet's weights.

    Args and random weights as of `build_segmenter`.

    Raises:
        InputError: such weights are not installed.
    """
    segmenter = build_segmenter(options, channels, classes)
    if isinstance(segmenter.network, MobileNetUNet):
        segmenter.network.begin_with_imagenet()
    return segmenter


def build_segmenter(options: SegmenterOptions, channels: int, classes: int) -> Segmenter:
    """Return a network with random weights, from torch's global generator.

    Args:
        options: which network, how wide.
        channels: of the images, 1 or 3.
        classes: the background included.
    """
    from monai.networks import nets

    entry: tuple[Callable[[Tensor], Tensor], int] = (centred, UNIT_PX)
    widths = tuple(options.width * 2**level for level in range(4))
    shared: dict[str, Any] = {"spatial_dims": 2, "in_channels": channels, "out_channels": classes}
    if options.network == "attention-unet":
        network = nets.AttentionUnet(**shared, channels=widths, strides=(2, 2, 2))
    elif options.network == "segresnet":
        network = nets.SegResNet(**shared, init_filters=options.width)
    elif options.network == "mobilenet-unet":
        network = MobileNetUNet(classes, options.width)
        entry = (standardised_rgb, MobileNetUNet.unit_px)
    else:
        network = nets.UNet(
            **shared, channels=widths, strides=(2, 2, 2), num_res_units=1, norm="batch"
        )
    return Segmenter(network, *entry).to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


@torch.no_grad()
def predict_probabilities(
    networks: list[Segmenter], images: NDArray[np.uint8], batch: int = 32
) -> NDArray[np.float32]:
    """Return the mean of some networks' class probabilities, (N, K, H, W) float32.

    Args:
        networks: one or more, in evaluation mode.
        images: (N, H, W, C) uint8.
        batch: images at once.
    """
    device = next(networks[0].parameters()).device
    parts = []
    for first in range(0, len(images), batch):
        pixels = to_tensor(images[first : first + batch]).to(device)
        scores = torch.stack([network(pixels).float().softmax(1) for network in networks])
        parts.append(scores.mean(0).cpu().numpy())
    return np.concatenate(parts)
