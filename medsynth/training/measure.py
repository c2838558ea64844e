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
from medsynth.training.generator import FitPlan, enter_phase, phase_objective
from medsynth.training.pairs import VARIANTS, PairArrays, PairBatches
from medsynth.training.phase import Phase, own_tensors

MEASURED_STEPS = 3
MEASURED_CODEC_STEPS = 20
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Encoding:
    """What it takes to encode images that are remembered then.

    image_s: seconds an image.
    images: how many there are, each flip and turn its own.
    batch: images a step.
    """

    image_s: float = 0.0
    images: int = 0
    batch: int = 1

    def seconds(self, steps: float) -> float:
        """Return the seconds that it adds to so many steps."""
        return self.image_s * min(self.images, steps * self.batch)


@dataclass(frozen=True)
class Cost:
    """Measured cost of a fit.

    base_step_s, siamese_step_s: seconds a step (the Siamese one with Online-Augmentation).
    peak_memory_bytes: of this process, so far; on CUDA, of the device in these steps.
    disk_bytes: of all checkpoints kept.
    encoding: what comes on top of the steps where latents are remembered.
    """

    base_step_s: float
    siamese_step_s: float
    peak_memory_bytes: int
    disk_bytes: int
    encoding: Encoding = Encoding()

    def steps_s(self, base_steps: int, siamese_steps: int) -> float:
        """Return the seconds that so many steps take, images encoded."""
        return base_steps * self.base_step_s + siamese_steps * self.siamese_step_s

    def fit_s(self, base_steps: int, siamese_steps: int) -> float:
        """Return the seconds that so many steps take, encoding included."""
        steps_s = self.steps_s(base_steps, siamese_steps)
        return steps_s + self.encoding.seconds(base_steps + siamese_steps)


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
    encoding = measure_encoding(batches, plan)
    base_step_s, base_bytes = 0.0, 0
    if plan.base.steps:
        base_step_s, base_bytes = measure_phase("base", network, batches, plan)
    siamese_step_s, siamese_bytes = measure_phase("siamese", network, batches, plan)
    total = sum(t.numel() for t in own_tensors(network).values())
    trained = sum(p.numel() for p in network.parameters() if p.requires_grad)
    copies = 3 if plan.training.ema else 2  # an average where there is one, and two moments
    disk = 4 * (total + copies * trained) * (plan.training.keep_checkpoints + 2)
    return Cost(base_step_s, siamese_step_s, max(base_bytes, siamese_bytes), disk, encoding)


def measure_phase(
    name: str, network: HintedDiffusion, batches: PairBatches, plan: FitPlan
) -> tuple[float, int]:
    """Return the seconds a step of a phase, and the most memory held; nothing stays but weights."""
    enter_phase(name, network, plan)
    options, training = plan.phase_options(name), plan.training
    phase = Phase(name, network, phase_objective(name, network, plan), options, training)
    late = 0 if name == "base" else max(options.steps - MEASURED_STEPS - 1, 0)

    def shown(step: int, rows: slice) -> StepInput:
        return batches.batch("measure", step, rows)

    for k in range(MEASURED_STEPS + 1 if batches.latents.remember else 0):
        for rows in phase.shares:
            shown(k, rows)  # what is encoded once is no step's
    forget_peak(phase.device)
    step_s = seconds(lambda k: phase.step(late + k, partial(shown, k)), phase.device)
    phase.drop_gradients()
    return step_s, peak_memory_bytes(phase.device)


def measure_encoding(batches: PairBatches, plan: FitPlan) -> Encoding:
    """Return what encoding takes that is done once an image; nothing where it is done each time."""
    latents, pairs = batches.latents, batches.pairs
    if not latents.remember:
        return Encoding()
    device = latents.codec.scale.device

    def encode(k: int) -> None:
        latents.encoded(pairs.images[[k % len(pairs)]])

    images = len(pairs) * len(VARIANTS[batches.options.augmentation])
    return Encoding(seconds(encode, device), images, plan.training.batch)


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


def seconds(step: Callable[[int], object], device: torch.device = CPU) -> float:
    """Return the mean seconds of a few calls on a device, the first left out."""
    step(0)
    settle_device(device)
    start = time.perf_counter()
    for k in range(1, MEASURED_STEPS + 1):
        step(k)
    settle_device(device)
    return (time.perf_counter() - start) / MEASURED_STEPS


def settle_device(device: torch.device) -> None:
    """Wait until a GPU has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    elif device.type == "mps":
        torch.mps.synchronize()


def forget_peak(device: torch.device) -> None:
    """Let `peak_memory_bytes` begin anew, where the system can: on CUDA."""
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)


def peak_memory_bytes(device: torch.device = CPU) -> int:
    """Return the most memory held, 0 where the system does not tell.

    On a CUDA device that is the device's memory; elsewhere this process's, since it began.
    """
    if device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(device))
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
    steps_s = max(cost.steps_s(base_steps, siamese_steps), 1e-9)
    encoding = cost.encoding
    all_new_s = encoding.image_s * encoding.batch * (base_steps + siamese_steps)
    # Each image new, or all of them met: the fit is as long as the shorter of the two says.
    share = max(
        budget_s / (steps_s + all_new_s),
        (budget_s - encoding.image_s * encoding.images) / steps_s,
    )
    base, siamese = (
        max(1, int(planned * share)) if planned else 0 for planned in (base_steps, siamese_steps)
    )
    return base, siamese
