"""CLIP's image encoder (Radford et al., ICML 2021): the features that CMMD is defined on."""

from __future__ import annotations

from typing import ClassVar, Self

from torch import Tensor

from medsynth.quality.features.extractor import FeatureOptions
from medsynth.quality.features.hub import load_from_hub
from medsynth.quality.features.network import NetworkExtractor, standardised

HUB_ID = "openai/clip-vit-large-patch14-336"
"""As in Jayasumana et al. 2024."""
MEAN = (0.48145466, 0.4578275, 0.40821073)
STD = (0.26862954, 0.26130258, 0.27577711)


class Clip(NetworkExtractor):
    """Image embeddings, after the projection; not normalised."""

    name = "clip"
    weights_source: ClassVar[str] = (
        f"OpenAI's CLIP, MIT: a folder of transformers' CLIP, or {HUB_ID} of the hub"
    )

    @classmethod
    def open(cls, options: FeatureOptions) -> Self:
        """Return the extractor with the weights of a folder or a hub id."""
        from transformers import CLIPVisionModelWithProjection

        where = options.weights or HUB_ID
        kind = CLIPVisionModelWithProjection
        return cls(load_from_hub(kind, where, download=options.download), options.device)

    def embed(self, rgb: Tensor) -> Tensor:
        """(B, 3, H, W) in [0, 1] to (B, D)."""
        side_px: int = self.network.config.image_size
        out: Tensor = self.network(standardised(rgb, side_px, MEAN, STD)).image_embeds
        return out
