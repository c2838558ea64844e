"""The fit of a segmentation network: AdamW, one cycle, Dice and cross-entropy."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from threading import Lock

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from medsynth.core.seeds import derive_seed, generator
from medsynth.model.pixels import to_tensor
from medsynth.model.segmenter import Segmenter, begin_segmenter
from medsynth.model.segmenter_options import SegmenterOptions
from medsynth.training.classic import augment_classic
from medsynth.training.one_cycle import one_cycle

Draw = Callable[[int], tuple[NDArray[np.uint8], NDArray[np.uint8]]]
"""Step -> (B, H, W, C) uint8 images and (B, H, W) uint8 class ids."""


SEEDING = Lock()
"""torch's global generator is one for all threads, and fits may run side by side."""


def fit_segmenter(
    draw: Draw,
    options: SegmenterOptions,
    channels: int,
    classes: int,
    seed: int,
    device: torch.device,
    after: Callable[[int, Segmenter], None] = lambda *_: None,
) -> Segmenter:
    """Return a fitted network, in evaluation mode.

    Args:
        draw: the batch of a step; see `batches_of`.
        options: network, steps, rate, augmentation.
        channels: of the images.
        classes: the background included.
        seed: of weights and augmentation.
        device: where to compute.
        after: is called after each step with the number of finished ones, and the network; it
            may look at it in evaluation mode and leave it so.
    """
    from monai.losses import DiceCELoss

    with SEEDING, torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "segmenter") % 2**63)
        network = begin_segmenter(options, channels, classes).to(device)
    drawn = torch.Generator().manual_seed(derive_seed(seed, "segmenter-augmentation") % 2**63)
    optimizer = torch.optim.AdamW(network.parameters(), options.learning_rate, weight_decay=1e-2)
    schedule = one_cycle(optimizer, options.learning_rate, options.steps)
    loss_of = DiceCELoss(softmax=True, to_onehot_y=True, include_background=False)
    for step in range(options.steps):
        images, labels = draw(step)
        x = to_tensor(images).to(device)
        y = torch.from_numpy(labels).to(device).long()
        if options.augmentation == "classic":
            x, y = augment_classic(x, y, drawn)
        x = x.contiguous(memory_format=torch.channels_last)
        loss: Tensor = loss_of(network.train()(x), y[:, None])
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        after(step + 1, network)
    return network.eval().requires_grad_(False)


def batches_of(images: NDArray[np.uint8], labels: NDArray[np.uint8], batch: int, seed: int) -> Draw:
    """Return batches that go through all pairs, shuffled anew each time, before one comes again.

    Args:
        images: (N, H, W, C) uint8.
        labels: (N, H, W) uint8.
        batch: pairs a batch.
        seed: of the order.
    """
    n = len(images)

    @lru_cache(maxsize=2)
    def order(epoch: int) -> NDArray[np.int64]:
        return generator(seed, "epoch", epoch).permutation(n)

    def draw(step: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        places = range(step * batch, (step + 1) * batch)
        rows = [order(place // n)[place % n] for place in places]
        return images[rows], labels[rows]

    return draw
