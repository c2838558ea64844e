"""One phase of a fit: the parameters it trains, their optimizer and their moving average."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parallel import DistributedDataParallel

from medsynth.model.precision import autocast
from medsynth.model.siamese import Rows, StepInput, StepLosses
from medsynth.training.ema import MovingAverage
from medsynth.training.optimizer import build_optimizer, load_optimizer, optimizer_tensors
from medsynth.training.options import PhaseOptions, TrainingOptions
from medsynth.training.processes import Processes

Step = Callable[..., StepLosses]
Draw = Callable[[slice], StepInput]
SCALER = "scaler/"


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
        objective: a module around the network, from a batch and the progress s/T to losses.
        options: steps and learning rate.
        training: what both phases share.
        processes: this process among all.
    """

    def __init__(
        self,
        name: str,
        network: nn.Module,
        objective: nn.Module,
        options: PhaseOptions,
        training: TrainingOptions,
        processes: Processes = Processes(),  # noqa: B008 - frozen
    ) -> None:
        self.name = name
        self.network = network
        self.objective: Step = objective
        self.rows: Callable[[StepInput, float], Rows] | None = getattr(objective, "rows", None)
        self.options = options
        self.training = training
        self.processes = processes
        self.device = next(network.parameters()).device
        self.shares = processes.shares(training.batch, training.accumulate)
        self.average = MovingAverage(network, training.ema)
        self.parameters = self.average.live
        self.optimizer = build_optimizer(self.parameters, options.learning_rate, training)
        # Keeps float16 gradients from vanishing; does nothing in other precisions.
        self.scaler = torch.amp.GradScaler(self.device.type, enabled=training.precision == "fp16")
        if processes.count > 1:
            self.objective = DistributedDataParallel(objective)

    @property
    def pass_size(self) -> int:
        """Samples that go through the network at once."""
        first = self.shares[0]
        return int(first.stop - first.start)

    def drop_gradients(self) -> None:
        """Let go of the last step's gradients."""
        self.optimizer.zero_grad(set_to_none=True)

    def step(self, step: int, draw: Draw) -> StepLosses:
        """Do optimizer step `step` (counted from 0) and return its losses.

        The losses may be NaN; then the weights are left as they were.

        Args:
            step: finished steps.
            draw: some rows of the step's global batch, on the CPU.
        """
        for group in self.optimizer.param_groups:
            group["lr"] = self.options.learning_rate * rate_factor(step, self.options)
        self.drop_gradients()
        progress = step / max(self.options.steps, 1)
        found = [self._backward(draw(rows), progress, rows) for rows in self.shares]
        mean = self.processes.mean(torch.stack([torch.stack(each) for each in found]).mean(0))
        losses = StepLosses(*mean)
        if torch.isfinite(losses.total):
            self._update(step)
        return losses

    def _backward(self, batch: StepInput, progress: float, rows: slice) -> list[Tensor]:
        """Add the gradients of some rows; only the last pass exchanges them."""
        with self._alone() if rows is not self.shares[-1] else nullcontext():
            known = () if self.rows is None else (self.rows(batch, progress).to(self.device),)
            with autocast(self.training.precision, self.device):
                losses = self.objective(batch.to(self.device), progress, *known)
            total = losses.total if len(self.shares) == 1 else losses.total / len(self.shares)
            self.scaler.scale(total).backward()  # type: ignore[no-untyped-call]
        return [each.detach().float() for each in losses]

    def _alone(self) -> AbstractContextManager[Any]:
        if isinstance(self.objective, DistributedDataParallel):
            return self.objective.no_sync()
        return nullcontext()

    def _update(self, step: int) -> None:
        if self.training.clip_norm > 0:
            self.scaler.unscale_(self.optimizer)
            nn.utils.clip_grad_norm_(self.parameters.values(), self.training.clip_norm)
        self.scaler.step(self.optimizer)
        self.scaler.update()
        self.average.update(step)

    def tensors(self) -> dict[str, dict[str, Tensor]]:
        """Return everything to go on from, by part of a checkpoint; an average if there is one."""
        state = optimizer_tensors(self.optimizer, self.parameters)
        state |= {SCALER + k: torch.tensor(v) for k, v in self.scaler.state_dict().items()}
        average = {"average": self.average.average} if self.average.decay else {}
        return {"weights": own_tensors(self.network), **average, "optimizer": state}

    def load(self, parts: Mapping[str, Mapping[str, Tensor]]) -> None:
        """Go on from what `tensors` returned."""
        load_weights(self.network, parts["weights"])
        self.average.load(parts.get("average", {}))
        state = parts["optimizer"]
        scaler = {k[len(SCALER) :]: v.item() for k, v in state.items() if k.startswith(SCALER)}
        if scaler:
            self.scaler.load_state_dict(scaler)
        rest = {k: v for k, v in state.items() if not k.startswith(SCALER)}
        load_optimizer(self.optimizer, self.parameters, rest)


def own_tensors(network: nn.Module) -> dict[str, Tensor]:
    """Return parameters and buffers by name, without those that a base model keeps."""
    borrowed: frozenset[str] = getattr(network, "borrowed", frozenset())
    own = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    return {name: tensor for name, tensor in own.items() if name not in borrowed}


@torch.no_grad()
def load_weights(network: nn.Module, values: Mapping[str, Tensor]) -> None:
    """Copy parameters and buffers by name, in place, so that memory layouts stay.

    Raises:
        ValueError: a name is missing on either side, or a shape differs.
    """
    own = own_tensors(network)
    if own.keys() != values.keys():
        odd = sorted(own.keys() ^ values.keys())[:3]
        raise ValueError(f"the weights belong to another model (for example {', '.join(odd)})")
    for name, tensor in own.items():
        if tensor.shape != values[name].shape:
            raise ValueError(
                f"{name} is {tuple(values[name].shape)}, the recipe's is {tuple(tensor.shape)}"
            )
        tensor.copy_(values[name])
