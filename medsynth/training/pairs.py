"""Training pairs in memory, and the batch of any step.

The batch of step s follows from (seed, phase, s) alone: which pairs, how they are turned,
timesteps and noise. So a resumed fit sees what an uninterrupted one would have seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from medsynth.core.seeds import derive_seed, generator
from medsynth.model.network import Condition
from medsynth.model.siamese import StepInput
from medsynth.training.options import Augmentation, TrainingOptions

VARIANTS: dict[Augmentation, tuple[tuple[int, bool], ...]] = {
    "none": ((0, False),),
    "hflip": ((0, False), (0, True)),
    "flips": ((0, False), (0, True), (2, False), (2, True)),
    "dihedral": tuple((turns, flip) for turns in range(4) for flip in (False, True)),
}
"""Quarter turns and then a horizontal flip, by augmentation."""


@dataclass(frozen=True, eq=False)
class PairArrays:
    """Real pairs as a fit takes them.

    images: (N, H, W, C) uint8.
    hints: (N, H, W, 3) uint8, the mask hints times 255.
    labels: (N,) int64 image labels, or None.
    """

    images: NDArray[np.uint8]
    hints: NDArray[np.uint8]
    labels: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.images)


def turned(array: NDArray[np.uint8], turns: int, flip: bool) -> NDArray[np.uint8]:
    """Return an (H, W, C) array after quarter turns and then perhaps a horizontal flip."""
    array = np.rot90(array, turns)
    return array[:, ::-1] if flip else array


def to_tensor(arrays: list[NDArray[np.uint8]]) -> Tensor:
    """Stack (H, W, C) uint8 arrays to (B, C, H, W) float32 in [0, 1], channels_last."""
    stacked = torch.from_numpy(np.ascontiguousarray(np.stack(arrays)))
    return stacked.permute(0, 3, 1, 2).float() / 255


def as_rgb(images: Tensor) -> Tensor:
    """Return (B, 3, H, W): grey images repeated, RGB as they are."""
    return images if images.shape[1] == 3 else images.expand(-1, 3, -1, -1)


class PairBatches:
    """The batches of a fit.

    Args:
        pairs: the training pairs.
        encode: images (B, C, H, W) in [-1, 1] to latents.
        options: batch size, augmentation, timesteps.
        hint_dropout: probability that a sample's hint is dropped.
        noise_levels: number of discrete timesteps.
        seed: the run's seed.
        remember: keep latents once encoded, for codecs that are slow.
        device: where the batches are wanted; all randomness is drawn on the CPU.
    """

    def __init__(
        self,
        pairs: PairArrays,
        encode: Callable[[Tensor], Tensor],
        options: TrainingOptions,
        hint_dropout: float,
        noise_levels: int,
        seed: int,
        remember: bool,
        device: torch.device | None = None,
    ) -> None:
        self.pairs = pairs
        self.encode = encode
        self.options = options
        self.hint_dropout = hint_dropout
        self.noise_levels = noise_levels
        self.seed = seed
        self.remember = remember
        self.device = device or torch.device("cpu")
        self._latents: dict[tuple[int, int, bool], Tensor] = {}

    def indices(self, phase: str, step: int) -> NDArray[np.int64]:
        """Return which pairs step `step` takes: permutations of all, one after another."""
        n, batch = len(self.pairs), self.options.batch
        places = np.arange(step * batch, (step + 1) * batch)
        orders = {
            e: generator(self.seed, phase, "order", int(e)).permutation(n)
            for e in np.unique(places // n)
        }
        return np.array([orders[p // n][p % n] for p in places])

    def batch(self, phase: str, step: int) -> StepInput:
        """Return the batch of a step, with all of its randomness."""
        rng = generator(self.seed, phase, "step", step)
        chosen = self.indices(phase, step)
        variants = VARIANTS[self.options.augmentation]
        turns = [variants[k] for k in rng.integers(len(variants), size=len(chosen))]
        images = to_tensor(
            [turned(self.pairs.images[i], *v) for i, v in zip(chosen, turns, strict=True)]
        )
        hints = to_tensor(
            [turned(self.pairs.hints[i], *v) for i, v in zip(chosen, turns, strict=True)]
        )
        z0 = self._encoded(images, chosen, turns)
        noise = torch.Generator().manual_seed(derive_seed(self.seed, phase, "noise", step))
        labels = self.pairs.labels
        return StepInput(
            z0,
            hints,
            as_rgb(images).contiguous(memory_format=torch.channels_last),
            torch.randn(z0.shape, generator=noise),
            draw_timesteps(rng, len(chosen), self.noise_levels, self.options.timesteps),
            torch.randn(z0.shape, generator=noise),
            torch.from_numpy(rng.random(len(chosen)) >= self.hint_dropout).float(),
            Condition(None, None if labels is None else torch.from_numpy(labels[chosen])),
        ).to(self.device)

    @torch.no_grad()
    def _encoded(
        self, images: Tensor, chosen: NDArray[np.int64], turns: list[tuple[int, bool]]
    ) -> Tensor:
        if not self.remember:
            return self.encode(images * 2 - 1).contiguous(memory_format=torch.channels_last)
        rows = []
        for image, index, variant in zip(images, chosen, turns, strict=True):
            key = (int(index), *variant)
            if key not in self._latents:
                self._latents[key] = self.encode(image[None] * 2 - 1)[0].clone()
            rows.append(self._latents[key])
        return torch.stack(rows).contiguous(memory_format=torch.channels_last)


def draw_timesteps(rng: np.random.Generator, n: int, levels: int, how: str) -> Tensor:
    """Return (n,) int64 timesteps in [0, levels), each uniform; see `TrainingOptions.timesteps`."""
    if how == "uniform":
        return torch.from_numpy(rng.integers(levels, size=n))
    spread = (rng.permutation(n) + rng.random(n)) / n
    return torch.from_numpy(np.minimum((spread * levels).astype(np.int64), levels - 1))
