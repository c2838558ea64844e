"""How far samples differ: of one mask, and of different masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsynth.core.errors import InputError
from medsynth.core.seeds import derive_seed, generator
from medsynth.model.hints import mask_hint
from medsynth.model.mobilenet import load_mobilenet, weights_in_wheel
from medsynth.quality.perceptual import NAME, diversity_within
from medsynth.sampling.options import SamplingOptions
from medsynth.sampling.sampler import synthesize
from medsynth.workflows.evaluate.options import EvaluateOptions
from medsynth.workflows.evaluate.sets import ToldMask
from medsynth.workflows.model import Fitted

AMONG = 12
"""Images of different masks that are compared, each with each."""


def variety(
    fitted: Fitted,
    sampling: SamplingOptions,
    masks: Sequence[ToldMask],
    made: NDArray[np.uint8],
    real: NDArray[np.uint8],
    options: EvaluateOptions,
    seed: int,
) -> dict[str, Any]:
    """Return mean perceptual distances: of one mask's samples, of samples, of real images.

    Args:
        fitted: the model, on its device.
        sampling: how images are made.
        masks: of some samples, with what their images are told besides.
        made: (N, H, W, C) uint8 samples.
        real: (N, H, W, C) uint8 held-out images.
        options: how many masks, and samples of each.
        seed: of the choice and the noises.
    """
    try:
        network = load_mobilenet(weights_in_wheel())
    except InputError as error:
        return {"left_out": f"{error.what} {error.tip}"}
    rng = generator(seed, "masks")
    device = next(fitted.network.parameters()).device
    within = []
    for k, (mask, attributes) in enumerate(masks):
        hint = mask_hint(mask.labels, mask.instances)
        hints = np.repeat(hint[None], options.diversity_samples, 0)
        seeds = [derive_seed(seed, k, each) for each in range(options.diversity_samples)]
        told = fitted.told.conditions([attributes] * len(seeds))
        images = synthesize(fitted.network, fitted.codec, hints, seeds, sampling, told, device)
        within.append(diversity_within(network, images))
    some = [each[rng.permutation(len(each))[:AMONG]] for each in (made, real)]
    return {
        "measure": NAME,
        "within_a_mask": round(float(np.mean(within)), 4),
        "across_masks": round(diversity_within(network, some[0]), 4),
        "across_real": round(diversity_within(network, some[1]), 4),
        "masks": len(masks),
        "samples_each": options.diversity_samples,
    }
