"""Making a codec ready: pretrained weights, a fit on the user's images, statistics."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from medsynth.core.seeds import derive_seed, generator
from medsynth.model.codecs.codec import Codec
from medsynth.model.codecs.options import CodecOptions
from medsynth.model.codecs.patches import PrincipalPatches
from medsynth.model.codecs.taef2 import TinyAutoencoder, load_weights
from medsynth.model.pixels import to_tensor
from medsynth.training.one_cycle import one_cycle
from medsynth.training.pairs import VARIANTS, PairArrays, turned

Report = Callable[[int, int, str], None]
WITH_NETWORKS = ("patches", "autoencoder")
"""Codecs with networks that are fitted on the user's images."""
CROP_PX = 64
"""The codec's own fit sees crops of this side, in pixels: its networks look no further."""


def prepare_codec(
    codec: Codec, options: CodecOptions, pairs: PairArrays, seed: int, report: Report
) -> None:
    """Load or fit a codec's weights, then its latents' statistics, on training images alone."""
    if codec.fitted:
        return
    images = to_tensor(pairs.images) * 2 - 1
    if options.name == "taef2":
        assert isinstance(codec, TinyAutoencoder)
        load_weights(codec, options.weights)
    if isinstance(codec, PrincipalPatches):
        codec.fit_basis(images)
    codec.fit_statistics(images)
    if options.name in WITH_NETWORKS:
        fit_decoder(codec, options, pairs, seed, report)
        codec.fit_statistics(images)


def fit_decoder(
    codec: Codec, options: CodecOptions, pairs: PairArrays, seed: int, report: Report
) -> None:
    """Fit a codec's networks to give back images from latents with a little noise."""
    weights = list(codec.requires_grad_(True).to(memory_format=torch.channels_last).parameters())  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(weights, lr=options.learning_rate, weight_decay=1e-4)
    schedule = one_cycle(optimizer, options.learning_rate, options.steps)
    for step in range(options.steps):
        rng = generator(seed, "codec", step)
        chosen = rng.integers(len(pairs), size=16)
        variants = VARIANTS["flips"]
        arrays = [
            random_crop(turned(pairs.images[i], *variants[rng.integers(4)]), codec.factor, rng)
            for i in chosen
        ]
        images = to_tensor(arrays).contiguous(memory_format=torch.channels_last) * 2 - 1
        noise = torch.Generator().manual_seed(derive_seed(seed, "codec-noise", step))
        raw = codec.to_raw(images)
        # An encoder that is being fitted changes the scale of what it gives.
        learned = options.name == "autoencoder"
        unit = raw.detach().std((0, 2, 3), keepdim=True) if learned else codec.scale
        level = options.noise * torch.rand(len(raw), 1, 1, 1, generator=noise) * unit
        decoded = codec.from_raw(raw + level * torch.randn(raw.shape, generator=noise))
        loss = reconstruction_loss(decoded, images)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        if step % 20 == 19:
            report(step + 1, options.steps, f"codec, error {loss.item():.4f}")
    codec.requires_grad_(False)


def random_crop(
    image: NDArray[np.uint8], factor: int, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """Return a crop of at most `CROP_PX` a side, on the grid of the codec's patches."""
    corner = []
    for side in image.shape[:2]:
        length = min(side, CROP_PX)
        start = factor * int(rng.integers((side - length) // factor + 1))
        corner.append(slice(start, start + length))
    return image[corner[0], corner[1]]


def reconstruction_loss(decoded: Tensor, images: Tensor) -> Tensor:
    """Return the mean absolute error of images and of their horizontal and vertical differences."""
    loss = F.l1_loss(decoded, images)
    for dim in (2, 3):
        loss = loss + F.l1_loss(decoded.diff(dim=dim), images.diff(dim=dim))
    return loss
