"""What a codec is: an invertible (or nearly so) map from images to fewer, deeper pixels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn

from medsynth.model.tensor_hash import hash_tensors


class Posterior(NamedTuple):
    """What an image is encoded to: latents, or a Gaussian that they are drawn from.

    mean: (B, C, h, w).
    std: the same shape; None where encoding is not random.
    """

    mean: Tensor
    std: Tensor | None = None


class Codec(nn.Module):
    """Base of all codecs.

    A subclass implements `to_raw` and `from_raw`; the base centres and scales raw latents by
    statistics fitted on the training images, so that the diffusion model sees numbers of
    order one.

    `slow` says that latents are worth keeping; `fitted`, that there is nothing to fit.

    Args:
        factor: how many times smaller latents are than images, a power of two.
        channels: channels of the latents.
        image_channels: 1 (grey) or 3 (RGB).
        whitening: 0 keeps the channels' own proportions, 1 gives each unit variance.
    """

    mean: Tensor
    scale: Tensor
    std: Tensor

    def __init__(
        self, factor: int, channels: int, image_channels: int, whitening: float = 1.0
    ) -> None:
        super().__init__()
        self.factor = factor
        self.channels = channels
        self.image_channels = image_channels
        self.whitening = whitening
        self.slow = False
        self.fitted = False
        self.register_buffer("mean", torch.zeros(1, channels, 1, 1))
        self.register_buffer("scale", torch.ones(1, channels, 1, 1))
        self.register_buffer("std", torch.ones(channels))

    @property
    def merges(self) -> int:
        """log2 of the downsampling."""
        return self.factor.bit_length() - 1

    def to_raw(self, images: Tensor) -> Tensor:
        """(B, image_channels, H, W) in [-1, 1] to raw latents (B, channels, h, w)."""
        raise NotImplementedError

    def from_raw(self, raw: Tensor) -> Tensor:
        """Raw latents to images; not clipped."""
        raise NotImplementedError

    def scale_from(self, std: Tensor) -> Tensor:
        """Return the (C,) divisor of each channel, given the channels' standard deviations.

        Standard deviations become std**(1 - whitening), with a root mean square of one.
        """
        kept = std ** (1 - self.whitening)
        return std / kept * kept.square().mean().sqrt()

    @torch.no_grad()
    def fit_statistics(self, images: Tensor, batch: int = 64) -> None:
        """Set mean, scale and std from training images, (N, image_channels, H, W) in [-1, 1]."""
        total = torch.zeros(self.channels, dtype=torch.float64)
        squares = torch.zeros(self.channels, dtype=torch.float64)
        count = 0
        for part in torch.split(images, batch):
            raw = self.to_raw(part).double()
            total += raw.sum((0, 2, 3))
            squares += raw.square().sum((0, 2, 3))
            count += raw.shape[0] * raw.shape[2] * raw.shape[3]
        mean = total / count
        std = (squares / count - mean**2).clamp_min(1e-8).sqrt()
        scale = self.scale_from(std)
        self.mean.copy_(mean.view(1, -1, 1, 1))
        self.scale.copy_(scale.view(1, -1, 1, 1))
        self.std.copy_(std / scale)

    def encode(self, images: Tensor) -> Tensor:
        """(B, image_channels, H, W) in [-1, 1] to latents of order one."""
        return (self.to_raw(images) - self.mean) / self.scale

    def posterior(self, images: Tensor) -> Posterior:
        """Encode to what latents are drawn from in training."""
        return Posterior(self.encode(images))

    def own_state(self) -> dict[str, Tensor]:
        """Return the tensors that a run stores."""
        return self.state_dict()

    def load_own_state(self, values: Mapping[str, Tensor]) -> None:
        """Set the tensors that a run stored; RuntimeError where they are another codec's."""
        self.load_state_dict(dict(values))

    def sha256(self) -> str:
        """Return a hash of all weights and statistics."""
        return hash_tensors(self.state_dict())

    def decode(self, latents: Tensor) -> Tensor:
        """Latents to images in [-1, 1], clipped."""
        return self.from_raw(latents * self.scale + self.mean).clamp(-1, 1)
