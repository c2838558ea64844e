"""DINOv2 (Oquab et al., TMLR 2024): features learned without labels.

Stein et al. (NeurIPS 2023, "Exposing flaws of generative model evaluation metrics") found that
distances of its features agree with people's judgement better than Inception's.
"""

from __future__ import annotations

from typing import ClassVar, Self

from torch import Tensor

from medsynth.model.mobilenet import MEAN, STD
from medsynth.quality.features.extractor import FeatureOptions
from medsynth.quality.features.hub import load_from_hub
from medsynth.quality.features.network import NetworkExtractor, standardised

HUB_ID = "facebook/dinov2-large"
"""As in Stein et al. 2023."""
SIDE_PX = 224


class DinoV2(NetworkExtractor):
    """The class token of the last layer, normalised by its layer norm."""

    name = "dinov2"
    weights_source: ClassVar[str] = (
        f"Meta's DINOv2, Apache-2.0: a folder of transformers' DINOv2, or {HUB_ID} of the hub"
    )

    @classmethod
    def open(cls, options: FeatureOptions) -> Self:
        """Return the extractor with the weights of a folder or a hub id."""
        from transformers import Dinov2Model

        where = options.weights or HUB_ID
        return cls(load_from_hub(Dinov2Model, where, download=options.download), options.device)

    def embed(self, rgb: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] to (B, D)."""
        patch_px: int = self.network.config.patch_size
        side_px = SIDE_PX // patch_px * patch_px
        out: Tensor = self.network(standardised(rgb, side_px, MEAN, STD)).pooler_output
        return out
