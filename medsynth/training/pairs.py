"""Training pairs in memory, and the batch of any step.

The batch of step s follows from (seed, phase, s) alone: which pairs, how they are turned,
timesteps and noise. So a resumed fit sees what an uninterrupted one would have seen.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from medsynth.core.seeds import derive_seed, generator
from medsynth.model.conditions import Conditions
from medsynth.model.pixels import to_tensor
from medsynth.model.siamese import StepInput
from medsynth.training.latents import Latents
from medsynth.training.options import Augmentation, TrainingOptions

VARIANTS: dict[Augmentation, tuple[tuple[int, bool], ...]] = {
    "none": ((0, False),),
    "hflip": ((0, False), (0, True)),
    "flips": ((0, False), (0, True), (2, False), (2, True)),
    "dihedral": tuple((turns, flip) for turns in range(4) for flip in (False, True)),
}
"""Quarter turns and then a horizontal flip, by augmentation."""


class Dropout(NamedTuple):
    """How often a training sample loses what it is told: probabilities in [0, 1)."""

    hint: float = 0.0
    prompt: float = 0.0


@dataclass(frozen=True, eq=False)
class PairArrays:
    """Real pairs as a fit takes them.

    images: (N, H, W, C) uint8.
    hints: (N, H, W, 3) uint8, the mask hints times 255.
    conditions: what they are told besides their masks.
    """

    images: NDArray[np.uint8]
    hints: NDArray[np.uint8]
    conditions: Conditions = field(default_factory=Conditions)

    def __len__(self) -> int:
        return len(self.images)


def turned(array: NDArray[np.uint8], turns: int, flip: bool) -> NDArray[np.uint8]:
    """Return an (H, W, C) array after quarter turns and then perhaps a horizontal flip."""
    array = np.rot90(array, turns)
    return array[:, ::-1] if flip else array


def as_rgb(images: Tensor) -> Tensor:
    """Return (B, 3, H, W): grey images repeated, RGB as they are."""
    return images if images.shape[1] == 3 else images.expand(-1, 3, -1, -1)


class PairBatches:
    """The batches of a fit.

    Args:
        pairs: the training pairs.
        latents: encodes their images.
        options: batch size, augmentation, timesteps.
        dropout: probabilities that a sample's hint and prompt are dropped.
        noise_levels: number of discrete timesteps.
        seed: the run's seed.
    """

    def __init__(
        self,
        pairs: PairArrays,
        latents: Latents,
        options: TrainingOptions,
        dropout: Dropout,
        noise_levels: int,
        seed: int,
    ) -> None:
        self.pairs = pairs
        self.latents = latents
        self.options = options
        self.dropout = dropout
        self.noise_levels = noise_levels
        self.seed = seed

    def indices(self, phase: str, step: int) -> NDArray[np.int64]:
        """Return which pairs step `step` takes: permutations of all, one after another."""
        n, batch = len(self.pairs), self.options.batch
        places = np.arange(step * batch, (step + 1) * batch)
        orders = {
            e: generator(self.seed, phase, "order", int(e)).permutation(n)
            for e in np.unique(places // n)
        }
        return np.array([orders[p // n][p % n] for p in places])

    def batch(self, phase: str, step: int, rows: slice = slice(None)) -> StepInput:
        """Return the batch of a step, with all of its randomness, or some rows of it, on the CPU.

        The rows are those of the whole batch: only they are encoded, but everything is drawn.
        """
        rng = generator(self.seed, phase, "step", step)
        chosen = self.indices(phase, step)
        variants = VARIANTS[self.options.augmentation]
        turns = [variants[k] for k in rng.integers(len(variants), size=len(chosen))]
        t = draw_timesteps(rng, len(chosen), self.noise_levels, self.options.timesteps)
        keep = torch.from_numpy(rng.random(len(chosen)) >= self.dropout.hint).float()
        emptied = generator(self.seed, phase, "prompts", step).random(len(chosen))
        noises = self._noises(phase, step, len(chosen))
        chosen, turns = chosen[rows], turns[rows]

        def picked(arrays: NDArray[np.uint8]) -> NDArray[np.uint8]:
            return np.stack([turned(arrays[i], *v) for i, v in zip(chosen, turns, strict=True)])

        images = picked(self.pairs.images)
        mean, std = self.latents.posterior(images)
        z0 = mean if std is None else mean + std * noises[2][rows]
        conditions = self.pairs.conditions.take(chosen)
        return StepInput(
            z0.contiguous(memory_format=torch.channels_last),
            to_tensor(picked(self.pairs.hints)),
            as_rgb(to_tensor(images)).contiguous(memory_format=torch.channels_last),
            noises[0][rows],
            t[rows],
            noises[1][rows],
            keep[rows],
            conditions.condition(emptied[rows] < self.dropout.prompt),
        )

    def _noises(self, phase: str, step: int, n: int) -> list[Tensor]:
        """Return noise for the step, for Online-Augmentation and for the codec's posterior."""
        shape = (n, *self.latents.shape(*self.pairs.images.shape[1:3]))
        noise = torch.Generator().manual_seed(derive_seed(self.seed, phase, "noise", step))
        return [torch.randn(shape, generator=noise) for _ in range(3)]


def draw_timesteps(rng: np.random.Generator, n: int, levels: int, how: str) -> Tensor:
    """Return (n,) int64 timesteps in [0, levels), each uniform; see `TrainingOptions.timesteps`."""
    if how == "uniform":
        return torch.from_numpy(rng.integers(levels, size=n))
    spread = (rng.permutation(n) + rng.random(n)) / n
    return torch.from_numpy(np.minimum((spread * levels).astype(np.int64), levels - 1))
