"""Exponential moving average of weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


def warmed_decay(decay: float, step: int) -> float:
    """Return the decay at a step: short memory at first, `decay` in the long run."""
    return min(decay, (1 + step) / (10 + step))


class MovingAverage:
    """The average of a module's trainable parameters.

    Args:
        module: its parameters that require gradient are averaged.
        decay: in [0, 1); 0 is the parameters themselves, which are not copied then.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.live = {n: p for n, p in module.named_parameters() if p.requires_grad}
        self._own = {n: p.detach().clone() for n, p in self.live.items()} if decay else None

    @property
    def average(self) -> dict[str, Tensor]:
        """The averages by name; without a decay the parameters, whatever memory holds them now."""
        return self._own or {n: p.detach() for n, p in self.live.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Take in the parameters after optimizer step `step` (counted from 0)."""
        if self._own:
            weight = 1 - warmed_decay(self.decay, step)
            torch._foreach_lerp_(list(self._own.values()), list(self.live.values()), weight)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Put the average in the module's place; the parameters come back after."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        """Let average and parameters change places: a third copy may not fit on a GPU."""
        if self._own:
            for name, parameter in self.live.items():
                parameter.data, self._own[name] = self._own[name], parameter.data

    @torch.no_grad()
    def put(self, values: Mapping[str, Tensor]) -> None:
        """Copy values into the module's parameters."""
        for name, parameter in self.live.items():
            parameter.copy_(values[name])

    @torch.no_grad()
    def load(self, values: Mapping[str, Tensor]) -> None:
        """Set the average; of what `values` lacks it is the parameters themselves."""
        for name, average in self.average.items():
            average.copy_(values.get(name, self.live[name]))
