"""Joining the processes of an `accelerate launch`."""

from __future__ import annotations

import os

import torch

from medsynth.training.processes import Processes


def join_processes(device: torch.device) -> tuple[Processes, torch.device]:
    """Return this process among those of one launch, and the device that is its own.

    Without a launch that is one process and the device given.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) <= 1:
        return Processes(), device
    from accelerate import PartialState

    state = PartialState(cpu=device.type == "cpu")
    own = device if device.type == "cpu" else torch.device(state.device)
    return Processes(state.process_index, state.num_processes), own
