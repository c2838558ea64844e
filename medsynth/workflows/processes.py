"""Joining the processes of an `accelerate launch`."""

from __future__ import annotations

import atexit
import os
from datetime import timedelta

import torch
from torch import distributed as dist

from medsynth.training.processes import Processes


def launched() -> int:
    """Return how many processes were launched together; 1 without a launch."""
    return max(1, int(os.environ.get("WORLD_SIZE", "1")))


def join_processes(
    device: torch.device, patience: timedelta | None = None
) -> tuple[Processes, torch.device]:
    """Return this process among those of one launch, and the device that is its own.

    Without a launch that is one process and the device given. A group that is formed here is left
    when Python ends: its threads, still there while the interpreter goes, now and then end a
    process that has done all its work with SIGABRT.

    Args:
        device: CPU or not, for all of them.
        patience: how long one waits for another; None for torch's default, which is minutes.
    """
    if launched() == 1:
        return Processes(), device
    from accelerate import PartialState

    waits = {} if patience is None else {"timeout": patience}
    if not dist.is_initialized():
        atexit.register(_leave)
    state = PartialState(cpu=device.type == "cpu", **waits)
    own = device if device.type == "cpu" else torch.device(state.device)
    return Processes(state.process_index, state.num_processes), own


def _leave() -> None:
    """Leave the group of processes, if there is one."""
    if dist.is_initialized():
        dist.destroy_process_group()
