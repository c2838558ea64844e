"""What a fit would take: seconds a step, memory, disk, from a few measured steps."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch

from medsynth.model.codecs.codec import Codec
from medsynth.model.codecs.options import CodecOptions
from medsynth.model.network import HintedDiffusion
from medsynth.model.siamese import StepInput
from medsynth.training.codec import WITH_NETWORKS, Report, fit_decoder, prepare_codec
from medsynth.training.generator import FitPlan, phase_objective
from medsynth.training.pairs import PairArrays, PairBatches
from medsynth.training.phase import Phase, own_tensors

MEASURED_STEPS = 3
MEASURED_CODEC_STEPS = 20


@dataclass(frozen=True)
class Cost:
    """Measured cost of a fit.

    base_step_s, siamese_step_s: seconds a step (the Siamese one with Online-Augmentation).
    peak_memory_bytes: of this process, so far.
    disk_bytes: of all checkpoints kept.
    """

    base_step_s: float
    siamese_step_s: float
    peak_memory_bytes: int
    disk_bytes: int

    def fit_s(self, base_steps: int, siamese_steps: int) -> float:
        """Return the seconds that so many steps take."""
        return base_steps * self.base_step_s + siamese_steps * self.siamese_step_s


def measure_cost(
    network: HintedDiffusion, batches: PairBatches, plan: FitPlan, processes: int = 1
) -> Cost:
    """Run a few steps of both phases on a network that is thrown away after.

    Args:
        network: without ControlNet.
        batches: training batches.
        plan: what is to be done.
        processes: how many will share each batch; what one of them does is measured.
    """
    plan = shared_plan(plan, processes)

    def shown(step: int, rows: slice) -> StepInput:
        return batches.batch("measure", step, rows)

    network.let_train(base=True)
    network.enable_checkpointing(plan.training.checkpointing)
    base = Phase("base", network, phase_objective("base", network, plan), plan.base, plan.training)
    base_step_s = seconds(lambda k: base.step(k, partial(shown, k))) if plan.base.steps else 0.0
    device = next(network.parameters()).device
    plan.add_controlnet(network)
    network.to(device)
    network.let_train(base=False)
    network.enable_checkpointing(plan.training.checkpointing)
    late = max(plan.siamese.steps - MEASURED_STEPS - 1, 0)
    objective = phase_objective("siamese", network, plan)
    siamese = Phase("siamese", network, objective, plan.siamese, plan.training)
    siamese_step_s = seconds(lambda k: siamese.step(late + k, partial(shown, k)))
    total = sum(t.numel() for t in own_tensors(network).values())
    trained = sum(p.numel() for p in siamese.parameters.values())
    disk = 4 * (total + 3 * trained) * (plan.training.keep_checkpoints + 2)
    return Cost(base_step_s, siamese_step_s, peak_memory_bytes(), disk)


def measure_codec(
    codec: Codec, options: CodecOptions, pairs: PairArrays, seed: int, report: Report
) -> float:
    """Make a codec ready in a few steps; return the seconds that all of its steps would take."""
    short = options.model_copy(update={"steps": min(MEASURED_CODEC_STEPS, options.steps)})
    start = time.perf_counter()
    prepare_codec(codec, short, pairs, seed, report)
    ready_s = time.perf_counter() - start
    if options.name not in WITH_NETWORKS:
        return ready_s
    start = time.perf_counter()
    fit_decoder(codec, short, pairs, seed, report)
    step_s = (time.perf_counter() - start) / short.steps
    return ready_s + (options.steps - short.steps) * step_s


def shared_plan(plan: FitPlan, processes: int) -> FitPlan:
    """Return the plan of one of so many processes."""
    batch = max(plan.training.batch // processes, plan.training.accumulate)
    return replace(plan, training=plan.training.model_copy(update={"batch": batch}))


def seconds(step: Callable[[int], object]) -> float:
    """Return the mean seconds of a few calls, the first left out."""
    step(0)
    settle_device()
    start = time.perf_counter()
    for k in range(1, MEASURED_STEPS + 1):
        step(k)
    settle_device()
    return (time.perf_counter() - start) / MEASURED_STEPS


def settle_device() -> None:
    """Wait until a GPU has done what it was given."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()


def peak_memory_bytes() -> int:
    """Return the most memory this process has held, 0 where the system does not tell.

    On a CUDA device that is the device's memory.
    """
    if torch.cuda.is_available() and torch.cuda.max_memory_allocated():
        return int(torch.cuda.max_memory_allocated())
    try:
        import resource
    except ImportError:
        return 0
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024


def steps_within(
    budget_s: float, cost: Cost, base_steps: int, siamese_steps: int
) -> tuple[int, int]:
    """Return steps of both phases that fit into a budget, in the proportion given."""
    share = budget_s / max(cost.fit_s(base_steps, siamese_steps), 1e-9)
    base, siamese = (
        max(1, int(planned * share)) if planned else 0 for planned in (base_steps, siamese_steps)
    )
    return base, siamese
