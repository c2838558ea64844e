"""TAEF2: a pretrained tiny autoencoder, 8x downsampling, 32 latent channels (MIT)."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor

from medsynth.core.errors import InputError, UsageError
from medsynth.model.codecs.codec import Codec
from medsynth.model.codecs.options import CodecOptions
from medsynth.model.codecs.tiny_autoencoder import decoder, encoder

HUB_ID = "madebyollin/taef2"


class TinyAutoencoder(Codec):
    """The codec around an encoder and a decoder of images in [0, 1].

    Grey images are repeated to RGB on the way in and averaged on the way out where the
    networks take three channels.
    """

    def __init__(
        self, image_channels: int, channels: int, width: int, blocks: int, stages: int, rgb: bool
    ) -> None:
        super().__init__(2**stages, channels, image_channels)
        inner = 3 if rgb else image_channels
        self.inner_channels = inner
        self.slow = True
        self.encoder = encoder(inner, channels, width, blocks, stages)
        self.decoder = decoder(inner, channels, width, blocks, stages)

    def to_raw(self, images: Tensor) -> Tensor:
        """Encode; H and W must be multiples of the factor."""
        if images.shape[1] != self.inner_channels:
            images = images.expand(-1, self.inner_channels, -1, -1)
        return self.encoder((images + 1) / 2)  # type: ignore[no-any-return]

    def from_raw(self, raw: Tensor) -> Tensor:
        """Decode."""
        images: Tensor = self.decoder(raw) * 2 - 1
        if self.image_channels != self.inner_channels:
            images = images.mean(1, keepdim=True)
        return images


def build_taef2(options: CodecOptions, image_channels: int) -> TinyAutoencoder:
    """Return TAEF2 without weights; a run's checkpoint or `load_weights` brings them."""
    if options.factor != 8:
        raise UsageError("model.codec.factor must be 8 for the codec taef2.")
    codec = TinyAutoencoder(image_channels, 32, 64, 3, 3, rgb=True)
    return codec.requires_grad_(False)


def load_weights(codec: TinyAutoencoder, weights: str | None) -> None:
    """Load pretrained weights from a file or, where a hub id is named, from the hub.

    Raises:
        UsageError: none was named.
        InputError: the file is missing, damaged or not these weights.
    """
    tip = (
        "Give the path of taef2.safetensors (on the hub: " + HUB_ID + ") with "
        "--set model.codec.weights=PATH, or use --set model.codec.name=haar."
    )
    if weights is None:
        raise UsageError("the codec taef2 needs weights.", tip)
    path = Path(weights)
    if not path.is_file() and weights.count("/") == 1 and not weights.endswith(".safetensors"):
        path = _download(weights, tip)
    try:
        values = load_file(path)
    except Exception as error:
        raise InputError(f"{path} cannot be read as safetensors: {error}", tip) from error
    networks = ("encoder.", "decoder.")
    own = {k: v.shape for k, v in codec.state_dict().items() if k.startswith(networks)}
    theirs = {k: v.shape for k, v in values.items()}
    if theirs != own:
        odd = [k for k in sorted(own | theirs) if own.get(k) != theirs.get(k)][:3]
        raise InputError(f"{path} does not hold TAEF2's weights (for example {odd}).", tip)
    codec.load_state_dict({k: v.to(torch.float32) for k, v in values.items()}, strict=False)


def _download(hub_id: str, tip: str) -> Path:
    from huggingface_hub import hf_hub_download

    try:
        return Path(hf_hub_download(hub_id, "taef2.safetensors"))
    except Exception as error:
        raise InputError(f"{hub_id} could not be downloaded: {error}", tip) from error
