"""The learning rate of the small fits: one rise, one fall (Smith & Topin 2019)."""

from __future__ import annotations

from torch.optim import Optimizer
from torch.optim.lr_scheduler import OneCycleLR

RISES = 0.1
"""Share of the steps in which the rate rises."""


def one_cycle(optimizer: Optimizer, learning_rate: float, steps: int) -> OneCycleLR:
    """Return a schedule for so many steps, one of them at least.

    torch divides by the number of steps that rise, less one: where that is nothing, none rise.
    """
    rises = RISES if steps * RISES > 1 else 0.0
    return OneCycleLR(optimizer, learning_rate, max(steps, 2), pct_start=rises)
