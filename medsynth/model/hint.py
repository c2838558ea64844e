"""Dense Hint Input: the hint encoder of Siamese-Diffusion (Qiu et al., CVPR 2025).

It takes the place of ControlNet's small hint stem and depends on the hint alone, neither
on the noisy latents nor on the timestep, so its features can be computed once a mask.
Module names follow the published checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

HintKind = Literal["dense", "sparse"]
SPARSE_CHANNELS = (16, 32, 96, 256, 256)
"""Of ControlNet's hint stem at each resolution; the last is ours, for codecs of factor 16."""


class SparseHint(nn.Module):
    """ControlNet's own hint stem (Zhang et al., ICCV 2023), in whose place the dense one stands.

    Args:
        in_channels: channels of the hint.
        merges: halvings of the resolution, 4 at most.
    """

    def __init__(self, in_channels: int = 3, merges: int = 3) -> None:
        super().__init__()
        widths = SPARSE_CHANNELS[: merges + 1]
        self.out_channels = widths[-1]
        layers: list[nn.Module] = [nn.Conv2d(in_channels, widths[0], 3, padding=1), nn.SiLU()]
        for narrow, wide in pairwise(widths):
            layers += [nn.Conv2d(narrow, narrow, 3, padding=1), nn.SiLU()]
            layers += [nn.Conv2d(narrow, wide, 3, padding=1, stride=2), nn.SiLU()]
        self.layers = nn.Sequential(*layers)

    def forward(self, hint: Tensor) -> Tensor:
        """Encode a hint, (B, in_channels, H, W) in [0, 1]."""
        return self.layers(hint)  # type: ignore[no-any-return]


class ResidualBlock(nn.Module):
    """conv3x3, SiLU, conv3x3, plus the input, SiLU; no normalisation."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        return F.silu(self.conv2(F.silu(self.conv1(x))) + x)


class PatchMerge(nn.Module):
    """2x2 neighbours on channels, LayerNorm, Linear: (B, C, H, W) to (B, 2C, H/2, W/2)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * channels)
        self.reduction = nn.Linear(4 * channels, 2 * channels)

    def forward(self, x: Tensor) -> Tensor:
        """Merge; H and W must be even. Neighbour order: (0,0), (1,0), (0,1), (1,1)."""
        rows = x.permute(0, 2, 3, 1)
        merged = torch.cat(
            [rows[:, 0::2, 0::2], rows[:, 1::2, 0::2], rows[:, 0::2, 1::2], rows[:, 1::2, 1::2]],
            dim=-1,
        )
        out: Tensor = self.reduction(self.norm(merged))
        return out.permute(0, 3, 1, 2)


class DenseHintInput(nn.Module):
    """Hint at full resolution to features at the latents' resolution.

    Args:
        in_channels: channels of the hint, 3 as published.
        width: channels of the first block; 16 as published.
        merges: patch merges, log2 of the codec's downsampling; 3 as published.

    Output: (B, width * 2**(merges + 1), H / 2**merges, W / 2**merges).
    """

    gradient_checkpointing = False
    """Recompute each stage's activations in the backward pass; diffusers sets both of these."""
    _gradient_checkpointing_func: Callable[[nn.Module, Tensor], Tensor]

    def __init__(self, in_channels: int = 3, width: int = 16, merges: int = 3) -> None:
        super().__init__()
        self.merges = merges
        self.out_channels = width * 2 ** (merges + 1)
        self.initial_conv = nn.Conv2d(in_channels, width, 3, padding=1)
        self.layer1 = ResidualBlock(width)
        self.conv_before_res2 = nn.Conv2d(width, 2 * width, 3, padding=1)
        self.layer2 = ResidualBlock(2 * width)
        for k in range(1, merges + 1):
            channels = width * 2**k
            setattr(self, f"patch_merge{k}", PatchMerge(channels))
            setattr(
                self, f"conv_before_res{k + 2}", nn.Conv2d(2 * channels, 2 * channels, 3, padding=1)
            )
            setattr(self, f"layer{k + 2}", ResidualBlock(2 * channels))

    def stages(self) -> list[nn.Sequential]:
        """Return the stages in order: two at full resolution, then one a patch merge."""
        names = [["initial_conv", "layer1"], ["conv_before_res2", "layer2"]]
        for k in range(1, self.merges + 1):
            names += [[f"patch_merge{k}", f"conv_before_res{k + 2}", f"layer{k + 2}"]]
        return [nn.Sequential(*(getattr(self, name) for name in stage)) for stage in names]

    def forward(self, hint: Tensor) -> Tensor:
        """Encode a hint, (B, in_channels, H, W) in [0, 1]."""
        x = hint
        for stage in self.stages():
            if self.gradient_checkpointing and torch.is_grad_enabled():
                x = self._gradient_checkpointing_func(stage, x)
            else:
                x = stage(x)
        return x
