"""Classic augmentation of image-mask batches: the baseline that synthetic data must beat."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

MAX_ROTATION = math.pi / 6
MAX_SCALE = 1.25
MAX_SHIFT_OF_SIDE = 0.1
MAX_BRIGHTNESS = 0.12
MAX_CONTRAST = 1.25
MAX_GAMMA = 1.3


def augment_classic(
    images: Tensor, labels: Tensor, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Flip, rotate, scale, shift, and change brightness, contrast and gamma, each pair its own way.

    What comes from beyond the frame is mirrored.

    Args:
        images: (B, C, H, W) float32 in [0, 1].
        labels: (B, H, W) int64 class ids.
        generator: on the CPU; the draws do not depend on the device.

    Returns:
        The two, as new tensors of the same shapes and types.
    """
    n = len(images)
    grid = F.affine_grid(
        _geometry(n, images.shape[2] / images.shape[3], generator).to(images.device),
        list(images.shape),
        align_corners=False,
    )
    moved = F.grid_sample(images, grid, "bilinear", "reflection", align_corners=False)
    ids = labels[:, None].to(images.dtype)
    ids = F.grid_sample(ids, grid, "nearest", "reflection", align_corners=False)
    return _intensity(moved, generator), ids[:, 0].round().long()


def _geometry(n: int, aspect: float, generator: torch.Generator) -> Tensor:
    """Return (n, 2, 3) maps from new to old coordinates, each axis from -1 to 1."""
    angle = _even(n, MAX_ROTATION, generator)
    flip = torch.where(torch.rand(n, 2, generator=generator) < 0.5, -1.0, 1.0)
    scale = torch.exp(_even(n, math.log(MAX_SCALE), generator))
    cos, sin = angle.cos() * scale, angle.sin() * scale
    rows = [
        torch.stack([cos * flip[:, 0], -sin * aspect * flip[:, 1]], 1),
        torch.stack([sin / aspect * flip[:, 0], cos * flip[:, 1]], 1),
    ]
    shift = torch.stack([_even(n, 2 * MAX_SHIFT_OF_SIDE, generator) for _ in range(2)], 1)
    return torch.cat([torch.stack(rows, 1), shift[:, :, None]], 2)


def _intensity(images: Tensor, generator: torch.Generator) -> Tensor:
    n = len(images)

    def factor(most: float) -> Tensor:
        drawn = torch.exp(_even(n, math.log(most), generator))
        return drawn.view(n, 1, 1, 1).to(images.device)

    changed = images.clamp(0, 1) ** factor(MAX_GAMMA)
    mean = changed.mean((1, 2, 3), keepdim=True)
    brighter = _even(n, MAX_BRIGHTNESS, generator).view(n, 1, 1, 1).to(images.device)
    return ((changed - mean) * factor(MAX_CONTRAST) + mean + brighter).clamp(0, 1)


def _even(n: int, most: float, generator: torch.Generator) -> Tensor:
    """Return (n,) numbers drawn evenly from -most to most."""
    return (torch.rand(n, generator=generator) * 2 - 1) * most
