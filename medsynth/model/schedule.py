"""Noise schedules and the algebra between noise, data and what the network predicts.

z_t = alpha_t x0 + sigma_t eps with alpha^2 + sigma^2 = 1 (Ho et al., NeurIPS 2020).
Predictions: "epsilon" is eps; "v" is alpha eps - sigma x0 (Salimans and Ho, ICLR 2022).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from medsynth.model.schedule_options import ScheduleOptions


def scaled_linear_alphas(steps: int = 1000, low: float = 0.00085, high: float = 0.012) -> Tensor:
    """Return (steps,) float64 cumulative alpha^2 of Stable Diffusion's schedule."""
    betas = torch.linspace(low**0.5, high**0.5, steps, dtype=torch.float64) ** 2
    return torch.cumprod(1 - betas, 0)


def cosine_alphas(steps: int = 1000, most_beta: float = 0.999) -> Tensor:
    """Return (steps,) float64 cumulative alpha^2 of the squared-cosine schedule."""

    def bar(u: float) -> float:
        return math.cos((u + 0.008) / 1.008 * math.pi / 2) ** 2

    betas = [min(1 - bar((i + 1) / steps) / bar(i / steps), most_beta) for i in range(steps)]
    return torch.cumprod(1 - torch.tensor(betas, dtype=torch.float64), 0)


def shifted(alphas: Tensor, shift: float) -> Tensor:
    """Return cumulative alpha^2 with every alpha/sigma divided by `shift`."""
    ratio = alphas / (1 - alphas) / shift**2
    return ratio / (1 + ratio)


class NoiseSchedule(torch.nn.Module):
    """A discrete schedule; its tables are buffers, so it follows the model's device and dtype.

    Args:
        options: name, prediction type and shift.
    """

    alphas: Tensor
    sigmas: Tensor

    def __init__(self, options: ScheduleOptions) -> None:
        super().__init__()
        cumulative = cosine_alphas() if options.name == "cosine" else scaled_linear_alphas()
        self.options = options
        self.cumulative = shifted(cumulative, options.shift)
        self.register_buffer("alphas", self.cumulative.sqrt().float(), persistent=False)
        self.register_buffer("sigmas", (1 - self.cumulative).sqrt().float(), persistent=False)

    @property
    def steps(self) -> int:
        """Number of discrete noise levels."""
        return len(self.alphas)

    def betas(self) -> list[float]:
        """Return the betas of the (shifted) schedule, as diffusers' schedulers take them."""
        previous = torch.cat([torch.ones(1, dtype=torch.float64), self.cumulative[:-1]])
        return (1 - self.cumulative / previous).tolist()

    def alpha_sigma(self, t: Tensor) -> tuple[Tensor, Tensor]:
        """Return alpha and sigma at `t`, each (B, 1, 1, 1)."""
        return self.alphas[t].view(-1, 1, 1, 1), self.sigmas[t].view(-1, 1, 1, 1)

    def add_noise(self, x0: Tensor, eps: Tensor, t: Tensor) -> Tensor:
        """q(z_t | x0) with the given noise: (B, C, h, w), as x0 and eps; t: (B,) int64."""
        alpha, sigma = self.alpha_sigma(t)
        return alpha * x0 + sigma * eps

    def target(self, x0: Tensor, eps: Tensor, t: Tensor) -> Tensor:
        """What a perfect network would output: (B, C, h, w), as x0 and eps; t: (B,) int64."""
        if self.options.prediction == "epsilon":
            return eps
        alpha, sigma = self.alpha_sigma(t)
        return alpha * eps - sigma * x0

    def predict_x0(self, z: Tensor, prediction: Tensor, t: Tensor) -> Tensor:
        """The data that a prediction implies; not clipped.

        Args:
            z, prediction: (B, C, h, w) noisy latents and what the network says of them.
            t: (B,) int64 timesteps.

        Returns:
            (B, C, h, w).
        """
        alpha, sigma = self.alpha_sigma(t)
        if self.options.prediction == "epsilon":
            return (z - sigma * prediction) / alpha
        return alpha * z - sigma * prediction
