"""A loss whose gradient is computed at once.

Passes whose losses are summed all keep their activations until the sum's backward pass. A pass
whose gradient reaches only a few tensors can do better: it computes the gradient of those right
away and keeps that instead.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

Pass = Callable[..., tuple[Tensor, Tensor]]
"""Inputs to a scalar loss and to what else the pass found."""


def at_once(run: Pass, *inputs: Tensor, scale: float = 1.0) -> tuple[Tensor, Tensor]:
    """Return `run(*inputs)`: the loss, and the rest without gradient.

    Gradient reaches the inputs alone, not what `run` closes over; twice differentiable it is
    not.

    Args:
        run: the pass.
        inputs: what gradient shall reach.
        scale: factor of the loss while its gradient is computed, taken out again afterwards:
            in half precision the gradient of a mean over many elements would vanish.
    """
    if not torch.is_grad_enabled():
        return run(*inputs)
    return _AtOnce.apply(run, scale, *inputs)  # type: ignore[no-any-return, no-untyped-call]


class _AtOnce(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, run: Pass, scale: float, *inputs: Tensor) -> tuple[Tensor, Tensor]:
        with torch.enable_grad():
            leaves = [each.detach().requires_grad_() for each in inputs]
            loss, rest = run(*leaves)
            scaled = loss * scale
        with _no_autocast(loss.device):
            ctx.save_for_backward(*torch.autograd.grad(scaled, leaves))
        ctx.scale = scale
        rest = rest.detach()
        ctx.mark_non_differentiable(rest)
        return loss.detach(), rest

    @staticmethod
    def backward(ctx: Any, grad: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        factor = grad / ctx.scale
        return None, None, *(each * factor for each in ctx.saved_tensors)


def _no_autocast(device: torch.device) -> AbstractContextManager[object]:
    if not torch.amp.is_autocast_available(device.type):
        return nullcontext()
    return torch.autocast(device.type, enabled=False)
