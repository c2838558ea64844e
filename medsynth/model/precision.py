"""Mixed precision: weights stay in float32, networks compute in less where told so."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import nn

from medsynth.core.precision import Precision

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}
CAST = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
"""Layers that autocast computes in half precision."""


def autocast(precision: Precision, device: torch.device) -> AbstractContextManager[Any]:
    """Return the context in which networks compute."""
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(device.type, DTYPES[precision])


def saves_by_halving(precision: Precision, device: torch.device) -> bool:
    """Return whether frozen weights may be held in half precision: on an accelerator only."""
    return precision != "fp32" and device.type != "cpu"


def halve(network: nn.Module, names: Collection[str], precision: Precision) -> None:
    """Hold frozen weights of convolutions and linear layers in the precision that computes.

    Under autocast nothing changes but the memory: each pass would cast them so. Without it the
    network no longer runs.

    Args:
        network: computes under `autocast` with this precision.
        names: of frozen parameters, as `named_parameters` gives them.
        precision: not fp32.
    """
    for path, module in network.named_modules():
        if isinstance(module, CAST):
            for name, parameter in module.named_parameters(path, recurse=False):
                if name in names and not parameter.requires_grad:
                    parameter.data = parameter.data.to(DTYPES[precision])
