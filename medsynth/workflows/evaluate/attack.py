"""The membership attack on a run's model: does its loss tell whom it was fitted on?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from medsynth.core.seeds import generator
from medsynth.data.records import DataIndex, Item
from medsynth.model.pixels import to_tensor
from medsynth.quality.membership import membership
from medsynth.workflows.arrays import load_pairs
from medsynth.workflows.model import Fitted

MOST = 200
"""Images of either side; more only narrow the interval."""
BATCH = 16


def attack(
    fitted: Fitted, index: DataIndex, unseen: Sequence[Item], draws: int, seed: int
) -> dict[str, Any]:
    """Return AUC, interval and advantage of a threshold on the mask branch's loss.

    Every image meets the same noise levels and noises, so that losses differ by the image alone.

    Args:
        fitted: the model, on its device.
        index: the run's data.
        unseen: its pairs that the weights never saw, one at least.
        draws: noise levels an image.
        seed: of the noises.
    """
    rng = generator(seed, "attack")
    sides = {"train": index.split("train"), "held_out": list(unseen)}
    for name, items in sides.items():
        chosen = np.sort(rng.permutation(len(items))[:MOST])
        sides[name] = [items[k] for k in chosen]
    losses = {name: losses_of(fitted, index, items, draws, seed) for name, items in sides.items()}
    found = membership(
        losses["train"],
        losses["held_out"],
        rng,
        np.array([item.group for item in sides["train"]]),
        np.array([item.group for item in sides["held_out"]]),
    )
    return {
        "auc": round(found.auc, 4),
        "interval": None if found.interval is None else [round(v, 4) for v in found.interval],
        "advantage": round(found.advantage, 4),
        "train": len(sides["train"]),
        "held_out": len(sides["held_out"]),
        "mean_loss_train": round(float(losses["train"].mean()), 5),
        "mean_loss_held_out": round(float(losses["held_out"].mean()), 5),
    }


@torch.no_grad()
def losses_of(
    fitted: Fitted, index: DataIndex, items: list[Item], draws: int, seed: int
) -> NDArray[np.float64]:
    """Return (N,) mean squared errors of the prediction from the mask, over the same noises."""
    network, codec = fitted.network, fitted.codec
    device = next(network.parameters()).device
    levels = np.linspace(0.05, 0.95, draws)
    noise = torch.Generator().manual_seed(seed)
    pairs = load_pairs(index, items, fitted.told)
    found = np.zeros(len(items))
    shape: tuple[int, ...] | None = None
    noises: list[torch.Tensor] = []
    for first in range(0, len(items), BATCH):
        rows = np.arange(first, min(first + BATCH, len(items)))
        x = to_tensor(pairs.images[rows]).to(device) * 2 - 1
        z0 = codec.encode(x)
        if shape is None:
            shape = tuple(z0.shape[1:])
            noises = [torch.randn(shape, generator=noise).to(device) for _ in levels]
        condition = pairs.conditions.take(rows).condition().to(device)
        assert network.controlnet is not None
        features = network.controlnet.hint_features(to_tensor(pairs.hints[rows]).to(device))
        for level, one in zip(levels, noises, strict=True):
            t = torch.full((len(rows),), int(level * network.schedule.steps), device=device)
            eps = one.expand_as(z0)
            z = network.schedule.add_noise(z0, eps, t)
            error = network(z, t, condition, features) - network.schedule.target(z0, eps, t)
            found[rows] += error.square().flatten(1).mean(1).double().cpu().numpy() / draws
    return found
