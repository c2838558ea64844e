"""A diffusers U-Net in two halves.

diffusers has no forward for half a U-Net; the split over its submodules is written here,
once. The Siamese step needs it: the encoder half is frozen and shared by both branches,
the decoder half runs once with live weights and once with the same weights as constants.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor, nn

Selection = slice | Tensor
"""Some samples of a batch: a slice, or their indices."""


def spread(part: Tensor, rows: Selection, n: int) -> Tensor:
    """Return (n, ...) with `part` at `rows` and zeros elsewhere: the inverse of `whole[rows]`."""
    if len(part) == n:
        return part
    whole = part.new_zeros(n, *part.shape[1:])
    whole[rows] = part
    return whole


class Encoded(NamedTuple):
    """What the encoder half hands to the decoder half.

    middle: (B, C_k, h_k, w_k), the output of the middle block.
    skips: one tensor a skip connection, from the first convolution downwards.
    embedding: (B, E) the time (and class) embedding.
    """

    middle: Tensor
    skips: tuple[Tensor, ...]
    embedding: Tensor

    def rows(self, which: Selection) -> Encoded:
        """Return what belongs to some samples of the batch."""
        skips = tuple(skip[which] for skip in self.skips)
        return Encoded(self.middle[which], skips, self.embedding[which])


class Residuals(NamedTuple):
    """What a ControlNet adds: one tensor a skip connection, and one to the middle block."""

    skips: tuple[Tensor, ...]
    middle: Tensor

    def map_with(self, other: Residuals, scale: float) -> Residuals:
        """Return `self + scale * other`."""
        return Residuals(
            tuple(a + scale * b for a, b in zip(self.skips, other.skips, strict=True)),
            self.middle + scale * other.middle,
        )

    def masked(self, keep: Tensor) -> Residuals:
        """Return the residuals times `keep` ((B,) of 0 and 1): dropped hints leave nothing."""
        factor = keep.to(self.middle.dtype).view(-1, 1, 1, 1)
        return Residuals(tuple(skip * factor for skip in self.skips), self.middle * factor)

    def detach(self) -> Residuals:
        """Return the same values, without gradient."""
        return Residuals(tuple(skip.detach() for skip in self.skips), self.middle.detach())

    def rows(self, which: Selection) -> Residuals:
        """Return the residuals of some samples of the batch."""
        return Residuals(tuple(skip[which] for skip in self.skips), self.middle[which])

    def spread(self, rows: Selection, n: int) -> Residuals:
        """Return the residuals of a batch of `n` that has none but for these rows."""
        skips = tuple(spread(skip, rows, n) for skip in self.skips)
        return Residuals(skips, spread(self.middle, rows, n))


class EncoderHalf(nn.Module):
    """Time embedding, input blocks and middle block of a U-Net; shares its weights."""

    def __init__(self, unet: UNet2DConditionModel) -> None:
        super().__init__()
        self.time_proj = unet.time_proj
        self.time_embedding = unet.time_embedding
        self.class_embedding = unet.class_embedding
        self.conv_in = unet.conv_in
        self.down_blocks = unet.down_blocks
        self.mid_block = unet.mid_block

    def forward(
        self,
        z: Tensor,
        t: Tensor,
        context: Tensor | None,
        labels: Tensor | None = None,
        hint: Tensor | None = None,
    ) -> Encoded:
        """Encode.

        Args:
            z: (B, C, h, w) noisy latents, as the network takes them.
            t: (B,) integer timesteps.
            context: (B, L, D) prompt embeddings; None where the U-Net has no cross-attention.
            labels: (B,) class ids where the U-Net was built with class embeddings.
            hint: (B, C_0, h, w) features added after the first convolution (a ControlNet's).
        """
        embedding = self.time_embedding(self.time_proj(t).to(z.dtype))
        if self.class_embedding is not None:
            embedding = embedding + self.class_embedding(labels).to(z.dtype)
        h = self.conv_in(z)
        if hint is not None:
            h = h + hint
        skips = (h,)
        for block in self.down_blocks:
            h, more = _run(block, context, hidden_states=h, temb=embedding)
            skips += more
        h = _run(self.mid_block, context, hidden_states=h, temb=embedding)
        return Encoded(h, skips, embedding)


class DecoderHalf(nn.Module):
    """Output blocks, output norm and output convolution of a U-Net; shares its weights."""

    def __init__(self, unet: UNet2DConditionModel) -> None:
        super().__init__()
        self.up_blocks = unet.up_blocks
        self.conv_norm_out = unet.conv_norm_out
        self.conv_act = unet.conv_act
        self.conv_out = unet.conv_out

    def forward(
        self, encoded: Encoded, residuals: Residuals | None, context: Tensor | None
    ) -> Tensor:
        """Decode to the network's raw output, (B, C, h, w)."""
        h, skips = encoded.middle, encoded.skips
        if residuals is not None:
            h = h + residuals.middle
            skips = tuple(a + b for a, b in zip(skips, residuals.skips, strict=True))
        elif torch.is_grad_enabled() and not h.requires_grad:
            # After a frozen encoder. torch 2.13's channels_last group norm crashes the process
            # where its weight wants a gradient and its input does not.
            h = h.detach().requires_grad_()
        for block in self.up_blocks:
            taken, skips = skips[-len(block.resnets) :], skips[: -len(block.resnets)]
            size = skips[-1].shape[-2:] if skips else None
            h = _run(
                block,
                context,
                hidden_states=h,
                temb=encoded.embedding,
                res_hidden_states_tuple=taken,
                upsample_size=size,
            )
        return self.conv_out(self.conv_act(self.conv_norm_out(h)))  # type: ignore[no-any-return]


def _run(block: nn.Module, context: Tensor | None, **inputs: object) -> Any:
    if getattr(block, "has_cross_attention", False):
        return block(encoder_hidden_states=context, **inputs)
    return block(**inputs)
