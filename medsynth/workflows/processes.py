"""Joining the processes of an `accelerate launch`."""

from __future__ import annotations

import os
from datetime import timedelta

import torch

from medsynth.training.processes import Processes


def launched() -> int:
    """Return how many processes were launched together; 1 without a launch."""
    return max(1, int(os.environ.get("WORLD_SIZE", "1")))


def join_processes(
    device: torch.device, patience: timedelta | None = None
) -> tuple[Processes, torch.device]:
    """Return this process among those of one launch, and the device that is its own.

    Without a launch that is one process and the device given.

    Args:
        device: CPU or not, for all of them.
        patience: how long one waits for another; None for torch's default, which is minutes.
    """
    if launched() == 1:
        return Processes(), device
    from accelerate import PartialState

    waits = {} if patience is None else {"timeout": patience}
    state = PartialState(cpu=device.type == "cpu", **waits)
    own = device if device.type == "cpu" else torch.device(state.device)
    return Processes(state.process_index, state.num_processes), own
