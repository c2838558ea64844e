"""Gradient checkpointing that remembers the weights as well as the inputs.

diffusers' networks ask a function to run each of their resnets and transformer blocks; this is
such a function. The image branch runs the decoder with its weights as constants: a plain
checkpoint would recompute with the live weights, and fail or train them.
"""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from torch.func import functional_call
from torch.utils.checkpoint import checkpoint


def recomputed(module: nn.Module, *inputs: object) -> Any:
    """Run a module now and again in the backward pass, keeping only its inputs in between.

    Both runs take the weights that the module has now, live or constant, and drop the same
    activations.
    """
    weights: dict[str, Tensor] = dict(module.named_parameters())

    def run(*inputs: object) -> Any:
        return functional_call(module, weights, inputs)

    return checkpoint(run, *inputs, use_reentrant=False)
