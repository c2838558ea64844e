"""Wall time and peak memory of the published step and of ours, paired in one run.

    python tests/benchmarks/siamese_step.py
    python tests/benchmarks/siamese_step.py --device cuda --channels 320,640,1280,1280 \\
        --hint-width 16 --size 384 --batch 5

After T/3, with a fifth of the timesteps up to 200, forward and backward, no optimizer. The
published step is `tests/model/literal.py`. Each side runs in a process of its own; the sides
take turns step by step, and the ratio is the median of the pairs' ratios. Memory is the peak of
a step above the model and its batch: on a GPU what torch allocated, on the CPU what the process
had resident, in processes whose allocator gives freed memory back at once. Gradients count, and
so do the published step's copies. Gradient checkpointing is on or off on both sides alike.

The default U-Net is Stable Diffusion's with a fifth of its channels, hint encoder and all.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path
from statistics import median

import torch
from sd15 import UNET, batch, build

from medsynth.model.siamese import SiameseStep
from medsynth.model.siamese_options import SiameseOptions

sys.path.append(str(Path(__file__).parents[1] / "model"))
from literal import Literal

SIDES = ("published", "ours")
PLANNED, STEP = 3000, 2000
SHARE = 0.2
"""Share of the samples whose timestep is up to 200."""
AIMS = {"time, s": 0.65, "memory, MB": 0.70}
GIVE_BACK = {"MALLOC_MMAP_THRESHOLD_": "65536", "MALLOC_TRIM_THRESHOLD_": "65536"}


def timesteps(n: int) -> list[int]:
    """Return `n` timesteps, a fifth of them up to 200."""
    low = round(SHARE * n)
    return [100] * low + [600] * (n - low)


class Side:
    """One of the two steps on one device, to be run again and again."""

    def __init__(self, name: str, arguments: argparse.Namespace) -> None:
        torch.manual_seed(0)
        self.device = torch.device(arguments.device)
        channels = tuple(int(each) for each in arguments.channels.split(","))
        unet = UNET | {"block_out_channels": channels}
        self.network = build(unet, self.device, arguments.hint_width)
        self.network.to(memory_format=torch.channels_last)
        self.network.enable_checkpointing(arguments.checkpointing == "on")
        n = arguments.batch
        self.given = batch(n, arguments.size, timesteps(n), device=self.device)
        self.ours = SiameseStep(self.network, SiameseOptions())
        self.published = Literal(self.network, SiameseOptions())
        self.loss = {"ours": self.our_loss, "published": self.published_loss}[name]

    def our_loss(self) -> torch.Tensor:
        return self.ours(self.given, STEP / PLANNED).total

    def published_loss(self) -> torch.Tensor:
        return self.published.losses(self.given, STEP, PLANNED)["total"]

    def step(self) -> None:
        self.network.zero_grad(set_to_none=True)
        self.loss().backward()
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def timed(self) -> float:
        """Return the seconds of a step."""
        started = time.perf_counter()
        self.step()
        return time.perf_counter() - started

    def peak(self) -> float:
        """Return the MB that a step takes above what is there before it."""
        self.network.zero_grad(set_to_none=True)
        if self.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(self.device)
            before = torch.cuda.memory_allocated(self.device)
            self.step()
            return (torch.cuda.max_memory_allocated(self.device) - before) / 1e6
        Path("/proc/self/clear_refs").write_text("5")  # the peak counts from now
        before = resident_mb("VmRSS")
        self.step()
        return resident_mb("VmHWM") - before


def resident_mb(field: str) -> float:
    """Return a size of this process from the kernel's account."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (value,) = (line.split()[1] for line in lines if line.startswith(field + ":"))
    return int(value) * 1024 / 1e6


def work(arguments: argparse.Namespace) -> None:
    """Answer each line on stdin, "timed" or "peak", with a number."""
    side = Side(arguments.side, arguments)
    side.step()
    for line in sys.stdin:
        print(getattr(side, line.strip())(), flush=True)


class Worker:
    """A side in a process of its own."""

    def __init__(self, side: str, checkpointing: str, memory: bool) -> None:
        command = [sys.executable, *sys.argv, "--side", side, "--checkpointing", checkpointing]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | (GIVE_BACK if memory else {}),
        )

    def ask(self, what: str) -> float:
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self) -> None:
        self.process.stdin.close()
        self.process.wait()


def pairs(what: str, checkpointing: str, rounds: int) -> list[tuple[float, float]]:
    """Return (published, ours) of each round; who begins changes from round to round."""
    workers = [Worker(side, checkpointing, what == "peak") for side in SIDES]
    found = []
    for k in range(rounds):
        order = (0, 1) if k % 2 == 0 else (1, 0)
        answers = {place: workers[place].ask(what) for place in order}
        found.append((answers[0], answers[1]))
    for worker in workers:
        worker.close()
    return found


def row(name: str, checkpointing: str, found: list[tuple[float, float]]) -> str:
    """Return a line of the table: medians, the median of the ratios and their range."""
    theirs, own = (median(each) for each in zip(*found, strict=True))
    ratios = sorted(ours / published for published, ours in found)
    return (
        f"| {name} | {checkpointing} | {theirs:.2f} | {own:.2f} | {median(ratios):.3f} "
        f"| {ratios[0]:.3f} to {ratios[-1]:.3f} | {AIMS[name]:.2f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--channels", default="64,128,256,256", help="multiples of 32")
    parser.add_argument(
        "--hint-width", type=int, default=4, help="of Dense Hint Input's first block"
    )
    parser.add_argument("--size", type=int, default=128, help="of the images, a multiple of 64")
    parser.add_argument("--batch", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=9, help="pairs of timed steps")
    parser.add_argument("--memory-rounds", type=int, default=3, help="pairs of measured peaks")
    parser.add_argument("--side", choices=SIDES, help=argparse.SUPPRESS)
    parser.add_argument("--checkpointing", default="off", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.side:
        work(arguments)
        return
    n, size = arguments.batch, arguments.size
    print(f"{arguments.device}, torch {torch.__version__}, {torch.get_num_threads()} threads;")
    print(f"channels {arguments.channels}, hint width {arguments.hint_width};")
    print(f"images {size}x{size}, batch {n}, t {timesteps(n)}\n")
    print("| median of a step | checkpointing | published | ours | ratio | range | aim |")
    print("|---|---|---|---|---|---|---|")
    for checkpointing in ("off", "on"):
        timed = pairs("timed", checkpointing, arguments.rounds)
        print(row("time, s", checkpointing, timed), flush=True)
        peaks = pairs("peak", checkpointing, arguments.memory_rounds)
        print(row("memory, MB", checkpointing, peaks), flush=True)


if __name__ == "__main__":
    main()
