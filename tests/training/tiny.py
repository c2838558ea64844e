"""A whole fit in a second: sixteen pixels, four channels, a few steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
import torch

from medsynth.model.codecs.haar import Haar
from medsynth.model.compact import add_controlnet, build_network
from medsynth.model.compact_options import CompactOptions
from medsynth.model.pixels import to_tensor as as_tensor
from medsynth.model.schedule_options import ScheduleOptions
from medsynth.model.siamese_options import SiameseOptions
from medsynth.training.checkpoints import Checkpoints
from medsynth.training.generator import FitOutcome, FitPlan, GeneratorFit, Hooks
from medsynth.training.latents import Latents
from medsynth.training.options import PhaseOptions, TrainingOptions
from medsynth.training.pairs import Dropout, PairArrays, PairBatches
from medsynth.training.processes import Processes

COMPACT = CompactOptions(channels=(8, 32), hint_width=2)
SIDE = 16


def arrays(n: int, seed: int = 0, channels: int = 1, hw: tuple[int, int] = (SIDE, SIDE)):
    """Grey discs on noise, and their masks."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: hw[0], : hw[1]]
    images, hints = [], []
    for _ in range(n):
        disc = (y - rng.integers(4, 12)) ** 2 + (x - rng.integers(4, 12)) ** 2 < 12
        noise = rng.integers(0, 60, (*hw, channels))
        images.append((noise + 150 * disc[..., None]).astype(np.uint8))
        hints.append(np.repeat(255 * disc[..., None].astype(np.uint8), 3, 2))
    return PairArrays(np.stack(images), np.stack(hints))


def batches(
    pairs: PairArrays, options: TrainingOptions, remember=False, folder=None, **more
) -> PairBatches:
    """Batches with a Haar codec of factor 2 that was fitted on the pairs."""
    codec = Haar(2, pairs.images.shape[3])
    codec.fit_statistics(as_tensor(list(pairs.images)) * 2 - 1)
    values = {"dropout": Dropout(0.2), "noise_levels": 1000, "seed": 3} | more
    return PairBatches(pairs, Latents(codec, remember, folder), options, **values)


def plan(
    base: int = 3, siamese: int = 4, recipe: str = "r", compact=COMPACT, **training
) -> FitPlan:
    """What is to be done, in so many steps."""
    values = {"batch": 3, "checkpoint_every": 100, "grid_every": 0, "log_every": 1} | training
    return FitPlan(
        PhaseOptions(steps=base, warmup_steps=2, learning_rate=2e-3),
        PhaseOptions(steps=siamese, warmup_steps=2, learning_rate=2e-3),
        SiameseOptions(hint_dropout=0.2),
        TrainingOptions(**values),
        partial(add_controlnet, options=compact, merges=1),
        3,
        recipe,
    )


class KilledError(BaseException):
    """Stands for a kill: nothing is written after it."""


@dataclass
class Told:
    """What the hooks were told; `stop_at` asks for a stop after so many steps of this process."""

    stop_at: int | None = None
    kill_at: int | None = None
    steps: int = 0
    rows: list = field(default_factory=list)
    grids: list = field(default_factory=list)
    warnings: list = field(default_factory=list)
    reports: list = field(default_factory=list)

    def stop(self) -> bool:
        self.steps += 1
        if self.steps == self.kill_at:
            raise KilledError
        return self.steps == self.stop_at

    def grid(self, phase, step):
        self.grids.append((phase, step))
        return [f"grid of {phase} {step}"]

    def hooks(self) -> Hooks:
        def report(done, total, text):
            self.reports.append((done, total, text))

        return Hooks(report, self.rows.append, self.grid, self.warnings.append, self.stop)


def fit(
    folder: Path,
    what: FitPlan,
    told: Told | None = None,
    resume: bool = False,
    n: int = 5,
    compact: CompactOptions = COMPACT,
    processes: Processes | None = None,
    validate: bool = True,
) -> FitOutcome:
    """Fit in a new process, as far as Python lets us: everything is made anew."""
    torch.manual_seed(torch.seed() % 2**31)  # the global generator must not matter
    pairs = arrays(n)
    train = batches(pairs, what.training)
    codec_std = torch.linspace(0.5, 1.5, 4)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(11)
        network = build_network(compact, ScheduleOptions(), codec_std)
    checkpoints = Checkpoints(folder, what.training.keep_checkpoints)
    val = batches(arrays(4, seed=9), what.training) if validate else None
    hooks = (told or Told()).hooks()
    processes = processes or Processes()
    job = GeneratorFit(network, train, val, what, checkpoints, hooks, processes)
    return job.run(checkpoints.latest() if resume else None)
