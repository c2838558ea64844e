"""Haar packing: orthonormal, lossless, needs no weights."""

from __future__ import annotations

import torch
from torch import Tensor

from medsynth.model.codecs.codec import Codec


class Haar(Codec):
    """Repeated 2x2 Haar transform of the whole image, all subbands on channels.

    A pixel's colour channels are first rotated to luminance and two opponent colours by an
    orthonormal matrix. Being orthonormal, white noise in the latents is white noise in
    the image.

    Args:
        factor: 2, 4 or 8; latents have image_channels * factor**2 channels.
        image_channels: 1 or 3.
        whitening: 0 keeps the image's own proportions between subbands, 1 gives every
            subband unit variance; the standard deviations become std**(1 - whitening).
    """

    opponent: Tensor

    def __init__(self, factor: int, image_channels: int, whitening: float = 0.0) -> None:
        super().__init__(factor, image_channels * factor**2, image_channels, whitening)
        rows = torch.tensor([[1.0, 1, 1], [1, 0, -1], [1, -2, 1]])
        matrix = rows / rows.norm(dim=1, keepdim=True) if image_channels == 3 else torch.eye(1)
        self.register_buffer("opponent", matrix, persistent=False)

    def to_raw(self, images: Tensor) -> Tensor:
        """Pack; H and W must be multiples of the factor."""
        x = torch.einsum("oc,bchw->bohw", self.opponent, images)
        for _ in range(self.merges):
            a, b = x[..., 0::2, 0::2], x[..., 0::2, 1::2]
            c, d = x[..., 1::2, 0::2], x[..., 1::2, 1::2]
            x = torch.cat([a + b + c + d, a - b + c - d, a + b - c - d, a - b - c + d], 1) / 2
        return x

    def from_raw(self, raw: Tensor) -> Tensor:
        """Unpack: the exact inverse of `to_raw`."""
        x = raw
        for _ in range(self.merges):
            s, h, v, d = x.chunk(4, 1)
            out = x.new_empty(*s.shape[:2], 2 * s.shape[2], 2 * s.shape[3])
            out[..., 0::2, 0::2] = (s + h + v + d) / 2
            out[..., 0::2, 1::2] = (s - h + v - d) / 2
            out[..., 1::2, 0::2] = (s + h - v - d) / 2
            out[..., 1::2, 1::2] = (s - h - v + d) / 2
            x = out
        return torch.einsum("oc,bohw->bchw", self.opponent, x)
