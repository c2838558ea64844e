"""What the built-in extractors share: a torch network that is given RGB in [0, 1]."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from medsynth.model.pixels import to_tensor
from medsynth.model.tensor_hash import hash_tensors
from medsynth.quality.features.extractor import Identity


class NetworkExtractor:
    """Base of extractors that are one torch network; a subclass says how images enter it.

    Args:
        network: with its weights.
        device: torch device that it runs on.
    """

    name: ClassVar[str]
    revision: ClassVar[int] = 1

    def __init__(self, network: nn.Module, device: str = "cpu") -> None:
        self.network: Any = network.eval().requires_grad_(False).to(device)
        self.device = device
        self._identity = Identity(self.name, self.revision, hash_tensors(network.state_dict()))

    @property
    def identity(self) -> Identity:
        """What its features are from."""
        return self._identity

    @torch.no_grad()
    def features(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (B, D) features of (B, H, W, C) uint8 images, C 1 (grey) or 3 (RGB)."""
        return self.embed(self.rgb(images)).float().cpu().numpy()

    def rgb(self, images: NDArray[np.uint8]) -> Tensor:
        """Return (B, 3, H, W) in [0, 1] on the device; grey is repeated."""
        return to_tensor(images).to(self.device).expand(-1, 3, -1, -1)

    def embed(self, rgb: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] to (B, D)."""
        raise NotImplementedError


def standardised(
    rgb: Tensor, side_px: int, mean: tuple[float, ...], std: tuple[float, ...]
) -> Tensor:
    """Return (B, 3, side_px, side_px), resized by antialiased bicubic interpolation.

    Differs: the whole image is squeezed to a square, where the published processors cut its
    longer side; what lies at the edge of a medical image counts too.
    """
    size = (side_px, side_px)
    square = F.interpolate(rgb, size, mode="bicubic", antialias=True, align_corners=False)
    centre, scale = (torch.tensor(v, device=rgb.device).view(1, 3, 1, 1) for v in (mean, std))
    return (square.clamp(0, 1) - centre) / scale
