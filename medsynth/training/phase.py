"""One phase of a fit: the parameters it trains, their optimizer and their moving average."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from medsynth.model.siamese import StepInput, StepLosses
from medsynth.training.ema import MovingAverage
from medsynth.training.options import PhaseOptions, TrainingOptions

Objective = Callable[[StepInput, float], StepLosses]


def rate_factor(step: int, options: PhaseOptions) -> float:
    """Return the learning rate at a step as a share of its highest value."""
    warm = min(1.0, (step + 1) / max(options.warmup_steps, 1))
    if options.decay == "constant":
        return warm
    return warm * (0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * step / max(options.steps, 1))))


class Phase:
    """A phase under way.

    Args:
        name: "base" or "siamese".
        network: its parameters that require gradient are trained.
        objective: from a batch and the progress s/T to losses.
        options: steps and learning rate.
        training: what both phases share.
    """

    def __init__(
        self,
        name: str,
        network: nn.Module,
        objective: Objective,
        options: PhaseOptions,
        training: TrainingOptions,
    ) -> None:
        self.name = name
        self.network = network
        self.objective = objective
        self.options = options
        self.training = training
        self.average = MovingAverage(network, training.ema)
        self.parameters = self.average.live
        self.optimizer = torch.optim.AdamW(
            list(self.parameters.values()),
            lr=options.learning_rate,
            betas=(0.9, training.beta2),
            weight_decay=training.weight_decay,
        )

    def step(self, step: int, batch: StepInput) -> StepLosses:
        """Do optimizer step `step` (counted from 0) and return its losses.

        The losses may be NaN; then the weights are left as they were.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = self.options.learning_rate * rate_factor(step, self.options)
        losses = self.objective(batch, step / max(self.options.steps, 1))
        if not torch.isfinite(losses.total):
            return losses
        self.optimizer.zero_grad(set_to_none=True)
        losses.total.backward()  # type: ignore[no-untyped-call]
        if self.training.clip_norm > 0:
            nn.utils.clip_grad_norm_(self.parameters.values(), self.training.clip_norm)
        self.optimizer.step()
        self.average.update(step)
        return losses

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """Return everything to go on from, by part of a checkpoint."""
        moments: dict[str, Tensor] = {}
        for name, parameter in self.parameters.items():
            for key, value in self.optimizer.state.get(parameter, {}).items():
                moments[f"{key}/{name}"] = torch.as_tensor(value)
        weights = {**dict(self.network.named_parameters()), **dict(self.network.named_buffers())}
        return {"weights": weights, "average": self.average.average, "optimizer": moments}

    def load(self, parts: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Go on from what `tensors` returned."""
        load_weights(self.network, parts["weights"])
        self.average.load(parts["average"])
        for name, parameter in self.parameters.items():
            state = self.optimizer.state[parameter]
            for key in ("step", "exp_avg", "exp_avg_sq"):
                stored = parts["optimizer"].get(f"{key}/{name}")
                if stored is None:
                    continue
                like = torch.zeros(()) if key == "step" else torch.zeros_like(parameter)
                state[key] = like.copy_(stored)


@torch.no_grad()
def load_weights(network: nn.Module, values: Mapping[str, Tensor]) -> None:
    """Copy parameters and buffers by name, in place, so that memory layouts stay.

    Raises:
        ValueError: a name is missing on either side, or a shape differs.
    """
    own = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    if own.keys() != values.keys():
        odd = sorted(own.keys() ^ values.keys())[:3]
        raise ValueError(f"the weights belong to another model (for example {', '.join(odd)})")
    for name, tensor in own.items():
        if tensor.shape != values[name].shape:
            raise ValueError(
                f"{name} is {tuple(values[name].shape)}, the recipe's is {tuple(tensor.shape)}"
            )
        tensor.copy_(values[name])
