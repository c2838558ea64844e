"""A tiny convolutional autoencoder in plain sequences of convolutions.

Layout and module positions are those of the pretrained TAEF2 (MIT): 8x downsampling, 32
latent channels, images in [0, 1]. The same blocks, narrower, are fitted on a user's own
images by the `autoencoder` codec.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Pooled(nn.Module):
    """1x1 convolution to four times the channels, GroupNorm, ReLU, and back."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(channels, 4 * channels, 1, bias=False),
            nn.GroupNorm(4, 4 * channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(4 * channels, channels, 1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        return self.layers(x)  # type: ignore[no-any-return]


class Block(nn.Module):
    """Three 3x3 convolutions with ReLU between, a skip, ReLU after the sum."""

    def __init__(self, channels: int, pooled: bool = False) -> None:
        super().__init__()
        self.conv = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(channels, channels, 3, padding=1),
        )
        self.pool = Pooled(channels).layers if pooled else None

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        if self.pool is not None:
            x = x + self.pool(x)
        return torch.relu(self.conv(x) + x)


class Squash(nn.Module):
    """x to 3 tanh(x / 3): keeps stray latents from burning the picture."""

    def forward(self, x: Tensor) -> Tensor:
        """Any shape."""
        return torch.tanh(x / 3) * 3


def encoder(
    image_channels: int, channels: int, width: int, blocks: int, stages: int
) -> nn.Sequential:
    """Return the encoder: images in [0, 1] to (B, channels, H / 2**stages, W / 2**stages)."""
    layers: list[nn.Module] = [nn.Conv2d(image_channels, width, 3, padding=1), Block(width)]
    for stage in range(stages):
        layers.append(nn.Conv2d(width, width, 3, padding=1, stride=2, bias=False))
        layers += [Block(width, pooled=stage == stages - 1) for _ in range(blocks)]
    return nn.Sequential(*layers, nn.Conv2d(width, channels, 3, padding=1))


def decoder(
    image_channels: int, channels: int, width: int, blocks: int, stages: int
) -> nn.Sequential:
    """Return the decoder: the encoder's latents to images, about [0, 1]."""
    layers: list[nn.Module] = [Squash(), nn.Conv2d(channels, width, 3, padding=1), nn.ReLU()]
    for stage in range(stages):
        layers += [Block(width, pooled=stage == 0) for _ in range(blocks)]
        layers.append(nn.Upsample(scale_factor=2))
        layers.append(nn.Conv2d(width, width, 3, padding=1, bias=False))
    return nn.Sequential(*layers, Block(width), nn.Conv2d(width, image_channels, 3, padding=1))
