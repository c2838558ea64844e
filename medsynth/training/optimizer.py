"""The optimizer of a phase, and its state as named tensors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from medsynth.core.errors import UsageError
from medsynth.training.options import TrainingOptions

Parameters = Mapping[str, nn.Parameter]


def build_optimizer(
    parameters: Parameters, learning_rate: float, training: TrainingOptions
) -> torch.optim.Optimizer:
    """Return AdamW, or its 8-bit variant (Dettmers et al., ICLR 2022).

    On CUDA torch's is the fused one: the default needs room for the second moments once more.

    Raises:
        UsageError: bitsandbytes is wanted and not there.
    """
    kind: type[torch.optim.Optimizer] = torch.optim.AdamW
    on_cuda = {p.device.type for p in parameters.values()} == {"cuda"}
    more: dict[str, Any] = {"fused": True} if on_cuda else {}
    if training.optimizer == "adamw8bit":
        try:
            from bitsandbytes.optim import AdamW8bit
        except ImportError as error:
            raise UsageError(
                "training.optimizer=adamw8bit needs bitsandbytes, which is not installed.",
                "pip install 'medsynth[8bit]'; or take adamw.",
            ) from error
        kind, more = AdamW8bit, {}
    return kind(
        list(parameters.values()),
        lr=learning_rate,
        betas=(0.9, training.beta2),
        weight_decay=training.weight_decay,
        **more,
    )  # type: ignore[call-arg]


def optimizer_tensors(
    optimizer: torch.optim.Optimizer, parameters: Parameters
) -> dict[str, Tensor]:
    """Return the state of every parameter as `key/parameter` -> tensor, moments uncopied."""
    state = {}
    for name, parameter in parameters.items():
        for key, value in optimizer.state.get(parameter, {}).items():
            tensor = torch.as_tensor(value)
            # Parameters share bitsandbytes' maps, which safetensors refuses.
            is_moment = tensor.shape == parameter.shape
            state[f"{key}/{name}"] = tensor if is_moment else tensor.clone()
    return state


def load_optimizer(
    optimizer: torch.optim.Optimizer, parameters: Parameters, values: Mapping[str, Tensor]
) -> None:
    """Put a state back; moments in the memory layout of their parameters, for the same bytes."""
    fused = bool(optimizer.defaults.get("fused"))
    for path, stored in values.items():
        key, name = path.split("/", 1)
        parameter = parameters[name]
        optimizer.state[parameter][key] = _state_value(key, stored, parameter, fused)


def _state_value(key: str, stored: Tensor, parameter: nn.Parameter, fused: bool) -> Tensor | int:
    """Return a stored value as the optimizer holds it."""
    if key == "step" and not stored.is_floating_point():
        return int(stored)  # bitsandbytes counts in Python
    if key == "step":
        return stored.clone().to(parameter.device if fused else "cpu")
    if stored.shape == parameter.shape:
        return torch.zeros_like(parameter, dtype=stored.dtype).copy_(stored)
    return stored.clone().to(parameter.device)
