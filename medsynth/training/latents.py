"""Images to latents, each encoded once: kept in memory, and on disk, by content."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from medsynth.io.hashing import hash_bytes
from medsynth.model.codecs.codec import Codec, Posterior
from medsynth.model.pixels import to_tensor

MEMORY_BYTES = 2**30
"""Latents beyond this are read from disk again, where they are kept there."""


class Latents:
    """A codec that remembers.

    What is kept is found by a hash of the codec and of the image as it is encoded, flips and
    turns included, so it can be stale in no way. Remembered images are encoded one by one:
    the same bytes whatever the batch.

    Args:
        codec: encodes.
        remember: keep what was encoded; for codecs that are slower than reading.
        folder: where to keep it between processes; None for memory alone.
    """

    def __init__(self, codec: Codec, remember: bool, folder: Path | None = None) -> None:
        self.codec = codec
        self.remember = remember
        self.folder = folder
        self._codec_sha256 = codec.sha256() if remember else ""
        self._memory: dict[str, Posterior] = {}
        self._room = MEMORY_BYTES

    def shape(self, height: int, width: int) -> tuple[int, int, int]:
        """Return (C, h, w) of the latents of images of so many pixels."""
        factor = self.codec.factor
        return self.codec.channels, height // factor, width // factor

    @torch.no_grad()
    def posterior(self, images: NDArray[np.uint8]) -> Posterior:
        """Encode images, (B, H, W, C) uint8, to tensors on the CPU."""
        if not self.remember:
            return self.encoded(images)
        found = [self._remembered(image) for image in images]
        std = None if found[0].std is None else torch.stack([f.std for f in found])  # type: ignore[misc]
        return Posterior(torch.stack([f.mean for f in found]), std)

    def encoded(self, images: NDArray[np.uint8]) -> Posterior:
        """Encode images as `posterior` does, whether or not they are remembered."""
        found = self.codec.posterior(to_tensor(images).to(self.codec.scale.device) * 2 - 1)
        return Posterior(*(None if part is None else part.cpu() for part in found))  # type: ignore[arg-type]

    def _remembered(self, image: NDArray[np.uint8]) -> Posterior:
        key = hash_bytes(f"{self._codec_sha256} {image.shape} ".encode() + image.tobytes())
        if key in self._memory:
            return self._memory[key]
        path = None if self.folder is None else self.folder / key[:2] / f"{key}.safetensors"
        found = None if path is None else read_latents(path)
        if found is None:
            found = Posterior(*(None if p is None else p[0] for p in self.encoded(image[None])))  # type: ignore[arg-type]
            if path is not None:
                write_latents(path, found)
        size = found.mean.nbytes * (1 if found.std is None else 2)
        if path is None or size <= self._room:
            self._room -= size
            self._memory[key] = found
        return found


def read_latents(path: Path) -> Posterior | None:
    """Return kept latents; None where there are none, or where the file is torn."""
    try:
        values: dict[str, Tensor] = load_file(path)
        return Posterior(values["mean"], values.get("std"))
    except (OSError, SafetensorError, KeyError):
        return None


def write_latents(path: Path, latents: Posterior) -> None:
    """Keep latents. Not forced to the disk: what is lost is encoded again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_suffix(f".{os.getpid()}")
    parts = {
        name: part.contiguous() for name, part in latents._asdict().items() if part is not None
    }
    save_file(parts, temporary)
    os.replace(temporary, path)
