"""Networks in bf16 against fp32 on this machine's CPU, paired in one run.

    OMP_NUM_THREADS=1 python tests/benchmarks/precision.py

The compact recipe's network at its size and batch: a step of the base and a Siamese step after
T/3, each forward and backward without the optimizer, and a prediction as the samplers make it.
Both sides take turns in one process; the ratio is the median of the pairs' ratios.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from statistics import median

import torch

from medsynth.core.precision import Precision
from medsynth.model.compact import add_controlnet, build_network
from medsynth.model.network import Condition
from medsynth.model.precision import autocast
from medsynth.model.siamese import BaseStep, SiameseStep, StepInput
from medsynth.sampling.sampler import guided
from medsynth.workflows.hardware import computes_in_bf16
from medsynth.workflows.recipe import load_recipe

CPU = torch.device("cpu")
PROGRESS = 0.6
"""Of the Siamese phase: after T/3 Online-Augmentation takes part."""


def cases() -> dict[str, Callable[[Precision], None]]:
    """Return what is timed, by name."""
    torch.manual_seed(0)
    recipe = load_recipe("compact")
    model, n, size = recipe.model, recipe.training.batch, recipe.data.size
    assert isinstance(size, int)
    std = torch.ones(model.codec.channels or 32)
    network = build_network(model.compact, model.schedule, std)
    add_controlnet(network, model.compact, model.codec.factor.bit_length() - 1)
    side = size // model.codec.factor
    latents = (n, len(std), side, side)
    z0, eps, again = (torch.randn(latents) for _ in range(3))
    mask = (torch.rand(n, 3, size, size) > 0.5).float()
    t = torch.linspace(0, network.schedule.steps - 1, n).long()
    batch = StepInput(z0, mask, torch.rand_like(mask), eps, t, again, torch.ones(n))
    steps = {"base step": BaseStep(network), "Siamese step": SiameseStep(network, recipe.siamese)}

    def step(name: str, precision: Precision) -> None:
        network.zero_grad(set_to_none=True)
        with autocast(precision, CPU):
            loss = steps[name](batch, PROGRESS).total
        loss.backward()

    @torch.no_grad()
    def predict(precision: Precision) -> None:
        with autocast(precision, CPU):
            features = network.controlnet.hint_features(mask)
            guided(network, z0, t, Condition(), features, 1.5)

    found: dict[str, Callable[[Precision], None]] = {
        name: lambda precision, name=name: step(name, precision) for name in steps
    }
    return found | {"guided prediction": predict}


def timed(what: Callable[[Precision], None], precision: Precision) -> float:
    """Return the seconds it takes."""
    started = time.perf_counter()
    what(precision)
    return time.perf_counter() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads;", end=" ")
    print(f"units for bf16: {'yes' if computes_in_bf16() else 'no'}\n")
    print("| median of | fp32, s | bf16, s | ratio | range |\n|---|---|---|---|---|")
    for name, what in cases().items():
        timed(what, "fp32"), timed(what, "bf16")
        pairs = [(timed(what, "fp32"), timed(what, "bf16")) for _ in range(rounds)]
        ratios = sorted(bf16 / fp32 for fp32, bf16 in pairs)
        fp32, bf16 = (median(each) for each in zip(*pairs, strict=True))
        print(f"| {name} | {fp32:.2f} | {bf16:.2f} | {median(ratios):.2f} "
              f"| {ratios[0]:.2f} to {ratios[-1]:.2f} |", flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
