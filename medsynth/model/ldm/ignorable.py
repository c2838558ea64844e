"""What an LDM state dict holds besides networks, and is passed over."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from torch import Tensor

IGNORABLE = re.compile(
    r"betas|alphas_cumprod\w*|(sqrt|posterior|log_one_minus)_\w+"  # the noise schedule, recomputed
    r"|logvar|lvlb_weights"  # of losses that this method does not use
    r"|.+\.position_ids"  # 0, 1, 2, ...
    r"|model_ema\..+"  # the base's moving average; the method trains and publishes without one
)


class SetAside(NamedTuple):
    """An LDM state dict without what is ignorable, and the names of that."""

    kept: dict[str, Tensor]
    ignored: tuple[str, ...]


def set_aside(state: Mapping[str, Tensor]) -> SetAside:
    """Part the networks' tensors from what is ignorable.

    >>> import torch
    >>> set_aside({"betas": torch.zeros(2), "model_ema.decay": torch.ones(1)})
    SetAside(kept={}, ignored=('betas', 'model_ema.decay'))
    """
    ignored = tuple(name for name in state if IGNORABLE.fullmatch(name))
    return SetAside({n: v for n, v in state.items() if not IGNORABLE.fullmatch(n)}, ignored)
