"""Segmentation networks of MONAI: they judge synthetic images, and prove what these are worth."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from medsynth.model.pixels import to_tensor
from medsynth.model.segmenter_options import SegmenterOptions

UNIT_PX = 8
"""All networks halve three times; other sizes are padded."""


class Segmenter(nn.Module):
    """A network from images to class scores, at any size."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        """(B, C, H, W) in [0, 1] to (B, K, H, W) scores; softmax over K gives probabilities."""
        height, width = images.shape[-2:]
        pad = (0, -width % UNIT_PX, 0, -height % UNIT_PX)
        x = (images - 0.5) / 0.25
        if any(pad):
            x = F.pad(x, pad, mode="replicate")
        return cast(Tensor, self.network(x)[..., :height, :width])


def build_segmenter(options: SegmenterOptions, channels: int, classes: int) -> Segmenter:
    """Return a network with random weights, from torch's global generator.

    Args:
        options: which network, how wide.
        channels: of the images, 1 or 3.
        classes: the background included.
    """
    from monai.networks import nets

    widths = tuple(options.width * 2**level for level in range(4))
    shared: dict[str, Any] = {"spatial_dims": 2, "in_channels": channels, "out_channels": classes}
    if options.network == "attention-unet":
        network = nets.AttentionUnet(**shared, channels=widths, strides=(2, 2, 2))
    elif options.network == "segresnet":
        network = nets.SegResNet(**shared, init_filters=options.width)
    else:
        network = nets.UNet(
            **shared, channels=widths, strides=(2, 2, 2), num_res_units=1, norm="batch"
        )
    return Segmenter(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


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
