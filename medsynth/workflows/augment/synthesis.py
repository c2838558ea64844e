"""Images for masks that want one, made again while the gates refuse them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from medsynth.core.seeds import derive_seed
from medsynth.core.types import Sample
from medsynth.model.hints import mask_hint
from medsynth.quality.gates.gate import Pairs
from medsynth.sampling.options import SamplingOptions
from medsynth.sampling.sampler import decode_images, synthesize_latents
from medsynth.store.items import GivenUp, NewSample
from medsynth.store.lineage import Lineage
from medsynth.store.shows import shows_of
from medsynth.workflows.augment.halving import halving
from medsynth.workflows.augment.wanted import Wanted
from medsynth.workflows.gates import Judgement
from medsynth.workflows.model import Fitted

Outcome = NewSample | GivenUp
Judge = Callable[[Pairs], list[Judgement]]


@dataclass(eq=False)
class Attempt:
    """A batch of images under way: denoised, not yet decoded."""

    wanted: Sequence[Wanted]
    number: int
    latents: torch.Tensor


class Synthesis:
    """Makes images, judges them, and makes again those that are refused.

    An image depends on the run's seed, its mask's key and how often it was refused before; and,
    below a grey level, on the batch that it was made in. So a batch is always made whole.

    Args:
        fitted: the model, on its device.
        sampling: solver, steps, guidance.
        seed: the run's.
        judge: the gates.
        max_redraws: how often an image may be made again.
    """

    def __init__(
        self,
        fitted: Fitted,
        sampling: SamplingOptions,
        seed: int,
        judge: Judge,
        max_redraws: int,
    ) -> None:
        self.fitted = fitted
        self.sampling = sampling
        self.seed = seed
        self.judge = judge
        self.max_redraws = max_redraws
        self.device = next(fitted.network.parameters()).device
        self.chunk = sampling.batch
        """Images denoised at once; halved where an accelerator's memory does not hold them."""
        self.decoded_chunk = sampling.batch
        """The same of decoding."""

    def make(self, block: Sequence[Wanted]) -> list[Outcome]:
        """Return what became of each mask of a block, in its order."""
        return self.settle(self.begin(block))

    def begin(self, block: Sequence[Wanted], number: int = 0) -> Attempt:
        """Denoise a block; `number` is how often these were refused."""
        return Attempt(block, number, self._latents(block, number))

    def settle(self, attempt: Attempt) -> list[Outcome]:
        """Decode and judge an attempt, and make again what is refused, to the end."""
        return self.conclude(attempt, self.appraise(attempt))

    def appraise(self, attempt: Attempt) -> tuple[NDArray[np.uint8], list[Judgement]]:
        """Return an attempt's images and what the gates find of them."""
        images, self.decoded_chunk = halving(
            lambda size: decode_images(self.fitted.codec, attempt.latents, size),
            self.decoded_chunk,
            self.device,
        )
        labels = np.stack([wanted.mask.labels for wanted in attempt.wanted])
        groups = [wanted.groups for wanted in attempt.wanted]
        return images, self.judge(Pairs(images, labels, groups))

    def conclude(
        self, attempt: Attempt, found: tuple[NDArray[np.uint8], list[Judgement]]
    ) -> list[Outcome]:
        """Return outcomes; what was refused is made again until it passes or is given up."""
        outcomes: dict[str, Outcome] = {}
        refused: dict[str, list[dict[str, Any]]] = {}
        while True:
            again = []
            for wanted, image, judgement in zip(attempt.wanted, *found, strict=True):
                before = refused.setdefault(wanted.key, [])
                if not judgement.failed:
                    outcomes[wanted.key] = self._accepted(
                        wanted, image, attempt.number, judgement, before
                    )
                    continue
                before.append(refusal(attempt.number, judgement))
                if attempt.number < self.max_redraws:
                    again.append(wanted)
                else:
                    outcomes[wanted.key] = self._given_up(wanted, attempt.number, judgement, before)
            if not again:
                break
            attempt = self.begin(again, attempt.number + 1)
            found = self.appraise(attempt)
        return [outcomes[key] for key in refused]

    def _latents(self, block: Sequence[Wanted], number: int) -> torch.Tensor:
        """Denoise, in smaller parts where an accelerator runs out of memory."""

        def denoised(size: int) -> torch.Tensor:
            starts = range(0, len(block), size)
            return torch.cat([self._part(block[k : k + size], number) for k in starts])

        latents, self.chunk = halving(denoised, self.chunk, self.device)
        return latents

    def _part(self, part: Sequence[Wanted], number: int) -> torch.Tensor:
        masks = [wanted.mask for wanted in part]
        return synthesize_latents(
            self.fitted.network,
            self.fitted.codec,
            np.stack([mask_hint(mask.labels, mask.instances) for mask in masks]),
            [image_seed(self.seed, wanted.key, number) for wanted in part],
            self.sampling,
            self.fitted.told.conditions([wanted.attributes for wanted in part]),
            self.device,
        )

    def _accepted(
        self,
        wanted: Wanted,
        image: NDArray[np.uint8],
        number: int,
        judgement: Judgement,
        refused: list[dict[str, Any]],
    ) -> NewSample:
        sample = Sample(wanted.key, image, wanted.mask, "train", "synthetic", wanted.group)
        return NewSample(sample, wanted.index, self._lineage(wanted, number, judgement, refused))

    def _given_up(
        self, wanted: Wanted, number: int, judgement: Judgement, refused: list[dict[str, Any]]
    ) -> GivenUp:
        lineage = self._lineage(wanted, number, judgement, refused)
        return GivenUp(
            wanted.key,
            wanted.index,
            lineage,
            judgement.failed[0],
            wanted.group,
            shows=shows_of(wanted.mask),
        )

    def _lineage(
        self,
        wanted: Wanted,
        number: int,
        judgement: Judgement,
        refused: Sequence[Mapping[str, Any]],
    ) -> Lineage:
        sampler = self.sampling.model_dump(mode="json")
        gates = {"attempt": number, "verdicts": judgement.to_json(), "refused": list(refused)}
        return Lineage(
            wanted.sources,
            wanted.steps,
            self.seed,
            self.fitted.sha256,
            {**sampler, "checkpoint": self.fitted.state.name},
            gates,
        )


def image_seed(seed: int, key: str, number: int) -> int:
    """Return the seed of an image's noise; `number` is how often it was refused before."""
    again = () if number == 0 else (number,)
    return derive_seed(seed, "image", key, *again)


def refusal(number: int, judgement: Judgement) -> dict[str, Any]:
    """Return what the manifest says of an image that was refused."""
    gate = judgement.failed[0]
    return {
        "attempt": number,
        "gate": gate,
        "score": judgement.verdicts[gate].to_json()["score"],
    }
