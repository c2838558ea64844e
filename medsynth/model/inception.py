"""InceptionV3 (Szegedy et al., CVPR 2016) as FID was defined on it, without torchvision.

The network is Google's of 2015-12-05 and differs from torchvision's: padded zeros do not count
in average pools, the last block pools the largest value, and images are resized as TensorFlow 1
did. Names are those of `pt_inception-2015-12-05-6726825d.pth` (pytorch-fid, torch-fidelity).
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from medsynth.core.errors import InputError
from medsynth.model.inception_plan import BLOCKS, SECOND, STEM, Chain, Conv

SIDE_PX = 299


class Convolution(nn.Module):
    """Convolution, batch norm, ReLU."""

    def __init__(
        self, inner: int, outer: int, kernel: tuple[int, int], stride: int, padding: tuple[int, int]
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(inner, outer, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(outer, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inner, H, W) to (B, outer, h, w)."""
        return F.relu(self.bn(self.conv(x)))


class Mixed(nn.Module):
    """Branches side by side, the last of them behind a pool, their maps one after the other."""

    def __init__(self, inner: int, branches: tuple[Chain, ...], pool: str) -> None:
        super().__init__()
        self.branches = branches
        self.pool = pool
        for chain in branches:
            channels = inner
            for step in chain:
                for conv in (step,) if isinstance(step, Conv) else step:
                    height, width = conv.kernel if conv.stride == 1 else (1, 1)
                    padding = (height // 2, width // 2)
                    shape = (channels, conv.channels, conv.kernel, conv.stride, padding)
                    self.add_module(conv.name, Convolution(*shape))
                channels = step.channels if isinstance(step, Conv) else channels

    def forward(self, x: Tensor) -> Tensor:
        """(B, inner, H, W) to (B, outer, h, w)."""
        pooled = _pooled(x, self.pool)
        if self.pool == "halve":
            return torch.cat([*(self.run(chain, x) for chain in self.branches), pooled], 1)
        *others, last = self.branches
        return torch.cat([*(self.run(chain, x) for chain in others), self.run(last, pooled)], 1)

    def run(self, chain: Chain, x: Tensor) -> Tensor:
        """Return the maps of one branch."""
        for step in chain:
            convs = (step,) if isinstance(step, Conv) else step
            x = torch.cat([self.get_submodule(conv.name)(x) for conv in convs], 1)
        return x


class Inception(nn.Module):
    """Images to 2048 features."""

    def __init__(self) -> None:
        super().__init__()
        for name, inner, outer, side, stride, padding in (*STEM, *SECOND):
            conv = Convolution(inner, outer, (side, side), stride, (padding, padding))
            self.add_module(f"Conv2d_{name}", conv)
        for name, inner, branches, pool in BLOCKS:
            self.add_module(f"Mixed_{name}", Mixed(inner, branches, pool))

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] to (B, 2048)."""
        x = (resized_as_tensorflow(images * 255, SIDE_PX) - 128) / 128
        for group in (STEM, SECOND):
            for name, *_ in group:
                x = self.get_submodule(f"Conv2d_{name}")(x)
            x = F.max_pool2d(x, 3, 2)
        for name, *_ in BLOCKS:
            x = self.get_submodule(f"Mixed_{name}")(x)
        return x.mean((2, 3))


def resized_as_tensorflow(images: Tensor, side_px: int) -> Tensor:
    """Return (B, C, side_px, side_px) of (B, C, H, W), bilinear as in TensorFlow 1.

    Pixels are points at their upper left corners, and nothing is averaged when shrinking.
    """
    for axis in (2, 3):
        length = images.shape[axis]
        place = torch.arange(side_px, device=images.device) * (length / side_px)
        below = place.floor().long()
        above = (below + 1).clamp(max=length - 1)
        shape = [-1 if k == axis else 1 for k in range(4)]
        share = (place - below).view(shape)
        low, high = images.index_select(axis, below), images.index_select(axis, above)
        images = low + (high - low) * share
    return images


def load_inception(weights: Path) -> Inception:
    """Return the network with the published weights; the classifier is left out.

    Raises:
        InputError: the file is missing, damaged or of another network.
    """
    try:
        values = torch.load(weights, map_location="cpu", weights_only=True)
        network = Inception()
        network.load_state_dict({k: v for k, v in values.items() if not k.startswith("fc.")})
    except Exception as error:
        raise InputError(
            f"{weights} does not hold FID's Inception: {str(error).splitlines()[0]}",
            "It is pt_inception-2015-12-05-6726825d.pth, from the releases of pytorch-fid.",
        ) from error
    return network.eval().requires_grad_(False)


def _pooled(x: Tensor, how: str) -> Tensor:
    if how == "mean":
        return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)
    return F.max_pool2d(x, 3, 1, 1) if how == "largest" else F.max_pool2d(x, 3, 2)
