"""The optimizer of a phase, and its state as named tensors."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from medsynth.core.errors import UsageError
from medsynth.training.options import TrainingOptions

Parameters = Mapping[str, nn.Parameter]


def build_optimizer(
    parameters: Parameters, learning_rate: float, training: TrainingOptions
) -> torch.optim.Optimizer:
    """Return AdamW, or its 8-bit variant (Dettmers et al., ICLR 2022).

    Raises:
        UsageError: bitsandbytes is wanted and not there.
    """
    kind: type[torch.optim.Optimizer] = torch.optim.AdamW
    if training.optimizer == "adamw8bit":
        try:
            from bitsandbytes.optim import AdamW8bit
        except ImportError as error:
            raise UsageError(
                "training.optimizer=adamw8bit needs bitsandbytes, which is not installed.",
                "pip install 'medsynth[8bit]'; or take adamw.",
            ) from error
        kind = AdamW8bit
    return kind(
        list(parameters.values()),
        lr=learning_rate,
        betas=(0.9, training.beta2),
        weight_decay=training.weight_decay,
    )  # type: ignore[call-arg]


def optimizer_tensors(
    optimizer: torch.optim.Optimizer, parameters: Parameters
) -> dict[str, Tensor]:
    """Return the state of every parameter as `key/parameter` -> tensor."""
    return {
        f"{key}/{name}": torch.as_tensor(value)
        for name, parameter in parameters.items()
        for key, value in optimizer.state.get(parameter, {}).items()
    }


def load_optimizer(
    optimizer: torch.optim.Optimizer, parameters: Parameters, values: Mapping[str, Tensor]
) -> None:
    """Put a state back; moments in the memory layout of their parameters, for the same bytes."""
    for path, stored in values.items():
        key, name = path.split("/", 1)
        parameter = parameters[name]
        if stored.shape == parameter.shape:
            value = torch.zeros_like(parameter, dtype=stored.dtype).copy_(stored)
        else:
            value = stored.clone().to("cpu" if key == "step" else parameter.device)
        optimizer.state[parameter][key] = value
