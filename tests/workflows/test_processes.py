"""Joining the processes of a launch, and leaving them."""

import os
import subprocess
import sys

from medsynth.training.checkpoints import Checkpoints

JOINED = """
import atexit
import torch
from torch import distributed

atexit.register(lambda: print("at the end:", distributed.is_initialized()))
from medsynth.workflows.processes import join_processes

for _ in range(2):  # a second command of the same process finds the group
    processes, device = join_processes(torch.device("cpu"))
    print(processes.gathered(str(processes.rank)), device)
print("before:", distributed.is_initialized())
"""


def test_the_group_is_left_before_python_ends(free_port):
    """Else gloo's threads are still there while the interpreter goes: now and then SIGABRT."""
    together = os.environ | {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "OMP_NUM_THREADS": "1"}
    started = [
        subprocess.Popen(
            [sys.executable, "-c", JOINED],
            stdout=subprocess.PIPE,
            text=True,
            env=together | {"MASTER_PORT": free_port, "RANK": str(rank), "LOCAL_RANK": str(rank)},
        )
        for rank in range(2)
    ]
    for process in started:
        said, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        assert said.splitlines() == ["['0', '1'] cpu"] * 2 + ["before: True", "at the end: False"]


def test_they_end_a_phase_early_together(launch, blobs, recipe, tmp_path):
    """The main process alone knows the validation loss; the others must not go on without it."""
    options = (
        "training.checkpoint_every=1", "training.ema=0",
        "siamese={steps: 9, warmup_steps: 0, learning_rate: 1, patience: 1, hint_dropout: 0.2}",
    )  # fmt: skip
    sets = [part for each in options for part in ("--set", each)]
    asked = (
        "fit",
        blobs(n=30),
        "--recipe",
        recipe,
        "--run",
        tmp_path / "run",
        "--device",
        "cpu",
        *sets,
    )
    code, said = launch(*asked)
    assert code == 0, said
    last = Checkpoints(tmp_path / "run/checkpoints").latest()
    assert last.ended_early
    assert 2 <= last.step < 9
