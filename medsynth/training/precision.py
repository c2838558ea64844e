"""Mixed precision: weights stay in float32, networks compute in less where told so."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor

from medsynth.training.options import Precision

DTYPES = {"bf16": torch.bfloat16, "fp16": torch.float16}


def autocast(precision: Precision, device: torch.device) -> AbstractContextManager[Any]:
    """Return the context in which networks compute."""
    if precision == "fp32":
        return nullcontext()
    return torch.autocast(device.type, DTYPES[precision])


class LossScaler:
    """Scales losses so that float16 gradients do not vanish; does nothing in other precisions."""

    def __init__(self, precision: Precision, device: torch.device) -> None:
        self.scaler = torch.amp.GradScaler(device.type, enabled=precision == "fp16")

    def tensors(self) -> dict[str, Tensor]:
        """Return the state to go on from."""
        return {key: torch.tensor(value) for key, value in self.scaler.state_dict().items()}

    def load(self, values: Mapping[str, Tensor]) -> None:
        """Go on from a state; an empty one changes nothing."""
        if values:
            self.scaler.load_state_dict({key: value.item() for key, value in values.items()})
