"""Per-channel preconditioning: each latent channel keeps its own scale.

In a basis like Haar's, channels differ in variance by orders of magnitude. Scaling them
all to one makes noise bands dominate; leaving them makes the network produce numbers far
below its own error, seen as a veil of noise. Here the network sees every channel at unit
variance and its output is scaled by what the channel can hold, after the preconditioning
of Karras et al. (NeurIPS 2022), written for v-prediction and a standard deviation a channel:

    D = alpha^2 s^2 + sigma^2
    network input  = z / sqrt(D)
    v = alpha sigma (1 - s^2) / D * z - s / sqrt(D) * F

For s = 1 this is plain v-prediction (with F = -v), and F = 0 is the best linear denoiser
of a Gaussian with that variance.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Preconditioning(nn.Module):
    """Scales the input and output of a v-predicting network, channel by channel.

    Args:
        std: (C,) standard deviations of the latents' channels.
    """

    std: Tensor

    def __init__(self, std: Tensor) -> None:
        super().__init__()
        self.register_buffer("std", std.float().view(1, -1, 1, 1).clone())

    def _d(self, alpha: Tensor, sigma: Tensor) -> Tensor:
        return (alpha * self.std) ** 2 + sigma**2

    def network_input(self, z: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """Scale noisy latents, (B, C, h, w), to unit variance a channel.

        Args:
            z: (B, C, h, w).
            alpha, sigma: (B, 1, 1, 1), of its timesteps.
        """
        return z * torch.rsqrt(self._d(alpha, sigma))

    def prediction(self, raw: Tensor, z: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        """Turn the network's raw output into v.

        Args:
            raw, z: (B, C, h, w) raw output and noisy latents.
            alpha, sigma: (B, 1, 1, 1), of z's timesteps.

        Returns:
            (B, C, h, w).
        """
        d = self._d(alpha, sigma)
        skip = alpha * sigma * (1 - self.std**2) / d
        return skip * z - self.std * torch.rsqrt(d) * raw

    def loss_weight(self, alpha: Tensor, sigma: Tensor) -> Tensor:
        """Return what squared errors of v are multiplied by, (B, C, 1, 1), when balanced.

        alpha and sigma are (B, 1, 1, 1).

        An error of v is s / sqrt(D) times one of F, so in v the largest channel at high noise
        outweighs all others, and texture is hardly learnt. Here each channel's error of F
        counts, most at the noise level where the channel is being decided (alpha s = sigma):
        2 alpha s sigma / D, times D / s^2 to go from v to F.
        """
        return 2 * alpha * sigma / self.std
