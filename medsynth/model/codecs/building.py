"""From options to a codec."""

from __future__ import annotations

import torch

from medsynth.model.codecs.codec import Codec
from medsynth.model.codecs.haar import Haar
from medsynth.model.codecs.options import CodecOptions
from medsynth.model.codecs.patches import PrincipalPatches
from medsynth.model.codecs.taef2 import TinyAutoencoder, build_taef2


def build_codec(options: CodecOptions, image_channels: int) -> Codec:
    """Return a codec without fitted statistics or weights.

    Args:
        options: name and settings.
        image_channels: 1 or 3.

    Raises:
        UsageError: a factor that the codec cannot have.
    """
    if options.name == "haar":
        return Haar(options.factor, image_channels, options.whitening)
    if options.name == "taef2":
        return build_taef2(options, image_channels)
    if options.name == "patches":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            most = min(options.channels, image_channels * options.factor**2)
            patches = PrincipalPatches(
                options.factor,
                most,
                image_channels,
                options.width,
                options.blocks,
                options.whitening,
            )
        return patches.requires_grad_(False)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        codec = TinyAutoencoder(
            image_channels,
            options.channels,
            options.width,
            1,
            options.factor.bit_length() - 1,
            rgb=False,
        )
    return codec.requires_grad_(False)
