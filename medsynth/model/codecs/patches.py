"""Principal patches with a learned refiner: a codec fitted on the user's own images.

The encoder is linear: the leading principal components of non-overlapping patches (a
Karhunen-Loeve transform), so there is nothing to train and white noise in latents is white
noise in the image. The decoder adds to the linear reconstruction what a small residual
network has learnt of the images; trained on noisy latents, it also takes away the seams and
the residual noise that sampling leaves.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from medsynth.model.codecs.codec import Codec


class Refiner(nn.Module):
    """A residual network at half resolution: (B, C, H, W) to a correction of that shape."""

    def __init__(self, image_channels: int, width: int, blocks: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(4 * image_channels, width, 3, padding=1)
        self.blocks = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(width, width, 3, padding=1),
                nn.SiLU(),
                nn.Conv2d(width, width, 3, padding=1),
            )
            for _ in range(blocks)
        )
        self.leave = nn.Conv2d(width, 4 * image_channels, 3, padding=1)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)  # type: ignore[arg-type]

    def forward(self, images: Tensor) -> Tensor:
        """Return the correction; H and W must be even."""
        x = F.silu(self.enter(F.pixel_unshuffle(images, 2)))
        for block in self.blocks:
            x = F.silu(x + block(x))
        return F.pixel_shuffle(self.leave(x), 2)


class PrincipalPatches(Codec):
    """The codec.

    Args:
        factor: side of a patch in pixels, 2 to 16.
        channels: how many principal components are kept.
        image_channels: 1 or 3.
        width: channels of the refiner.
        blocks: residual blocks of the refiner.
        whitening: see `Codec`.
    """

    basis: Tensor

    def __init__(
        self,
        factor: int,
        channels: int,
        image_channels: int,
        width: int,
        blocks: int,
        whitening: float = 1.0,
    ) -> None:
        super().__init__(factor, channels, image_channels, whitening)
        self.register_buffer("basis", torch.zeros(channels, image_channels, factor, factor))
        self.refiner = Refiner(image_channels, width, blocks)

    @torch.no_grad()
    def fit_basis(self, images: Tensor) -> float:
        """Set the basis from images, (N, C, H, W) in [-1, 1].

        Returns:
            The share of the patches' variance that the components keep, in [0, 1].
        """
        size = self.image_channels * self.factor**2
        second = torch.zeros(size, size, dtype=torch.float64)
        first = torch.zeros(size, dtype=torch.float64)
        count = 0
        for part in torch.split(images, 64):
            patches = F.pixel_unshuffle(part, self.factor).double()
            rows = patches.permute(0, 2, 3, 1).reshape(-1, size)
            second += rows.T @ rows
            first += rows.sum(0)
            count += len(rows)
        mean = first / count
        values, vectors = torch.linalg.eigh(second / count - mean[:, None] * mean[None])
        leading = vectors.flip(1)[:, : self.channels].T
        signs = torch.where(leading.sum(1, keepdim=True) < 0, -1.0, 1.0)
        self.basis.copy_((leading * signs).reshape(self.basis.shape))
        return float(values.flip(0)[: self.channels].sum() / values.sum())

    def to_raw(self, images: Tensor) -> Tensor:
        """Project each patch; H and W must be multiples of the factor."""
        return F.conv2d(images, self.basis, stride=self.factor)

    def linear(self, raw: Tensor) -> Tensor:
        """Return the linear reconstruction of raw latents."""
        return F.conv_transpose2d(raw, self.basis, stride=self.factor)

    def from_raw(self, raw: Tensor) -> Tensor:
        """Reconstruct and refine."""
        images = self.linear(raw)
        return images + self.refiner(images)  # type: ignore[no-any-return]
