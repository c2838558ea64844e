"""The contract of a backbone: the diffusion network under the Siamese step, and its codec.

A plugin registers its class in the entry-point group `medsynth.backbones`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from torch import Tensor

from medsynth.core.registry import Registry
from medsynth.model.codecs.codec import Codec
from medsynth.model.network import HintedDiffusion
from medsynth.model.options import ModelOptions


class Backbone(Protocol):
    """What a model is built from; building it from its options reads no weights."""

    def __init__(self, options: ModelOptions) -> None:
        """Take the model's options.

        Raises:
            UsageError: an option does not suit this backbone.
        """

    def unit_px(self) -> int:
        """Return what image sides must be a multiple of, from twice that on."""

    def build_codec(self, image_channels: int) -> Codec:
        """Return the codec for grey (1) or RGB (3) images, perhaps yet to be fitted."""

    def build_network(self, codec: Codec, label_count: int) -> HintedDiffusion:
        """Return the network without a ControlNet; random weights follow torch's seed.

        Args:
            codec: fitted; its statistics may scale the network.
            label_count: image labels to condition on; 0 for none.
        """

    def add_controlnet(self, network: HintedDiffusion, codec: Codec) -> None:
        """Give a network its ControlNet and freeze what the second phase does not train."""

    def prompt(self) -> str | None:
        """Return the template of every image's prompt; None where there are no prompts."""

    def encode_prompts(self, prompts: Sequence[str]) -> Tensor:
        """Return prompt embeddings, (N, L, D) float32."""


BACKBONES: Registry[type[Backbone]] = Registry("medsynth.backbones", "backbone")


def build_backbone(options: ModelOptions) -> Backbone:
    """Return the backbone that the options name.

    Raises:
        UsageError: there is none of that name, or an option does not suit it.
    """
    return BACKBONES.get(options.backbone)(options)
