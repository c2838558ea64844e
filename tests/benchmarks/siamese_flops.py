"""FLOPs of the published step and of ours, counted by torch at Stable Diffusion v1.5's shape.

    python tests/benchmarks/siamese_flops.py

Nothing is computed: the tensors are on the meta device. One sample of 384x384, forward and
backward, timesteps uniform: Online-Augmentation counts 201 of 1000. The published step is
`tests/model/literal.py`, without Online-Augmentation up to T/3 and with it on the whole batch
after; its mask residuals for the image branch are counted without backward, as they are used
without gradient. With VAE and text encoder: both encode anew each step on the published side,
ours has them cached. Recomputation is gradient checkpointing, at
the same places on both sides.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import torch
from sd15 import META, batch, build, text_encoder, token_ids, vae
from torch.utils.flop_counter import FlopCounterMode

from medsynth.model.siamese import Rows, SiameseStep
from medsynth.model.siamese_options import SiameseOptions

sys.path.append(str(Path(__file__).parents[1] / "model"))
from literal import Literal

PLANNED = 3000
BEFORE, AFTER = 900, 2000
"""A step before T/3 and one after."""
AIMS = {"after T/3": 0.62, "whole run": 0.67, "after T/3, VAE and text": 0.55}


def flops(run) -> float:
    """Return the GFLOP of a call: a multiplication and an addition are two."""
    with FlopCounterMode(display=False) as counter:
        run()
    return counter.get_total_flops() / 1e9


def parts(network, given) -> dict[str, float]:
    """Return the forward cost of each part, a sample."""
    noisy = network.noisy(given.z0, given.t)
    with torch.no_grad():
        features = network.controlnet.hint_features(given.mask)
        encoded = network.encode(noisy, given.condition)
        residuals = network.control(noisy, given.condition, features)
        return {
            "encoder half": flops(lambda: network.encode(noisy, given.condition)),
            "decoder half": flops(
                lambda: network.decode(noisy, encoded, residuals, given.condition)
            ),
            "ControlNet but DHI": flops(lambda: network.control(noisy, given.condition, features)),
            "DHI": flops(lambda: network.controlnet.hint_features(given.mask)),
            "VAE encoder": flops(lambda: vae().encode(given.image)),
            "text encoder": flops(lambda: text_encoder()(token_ids(len(given.t)))),
        }


def published(network, given) -> dict[str, float]:
    """Return the cost of the published step, a sample."""
    literal = Literal(network, SiameseOptions())

    def step(s):
        network.zero_grad()
        literal.losses(given, s, PLANNED)["total"].backward()

    return {"before T/3": flops(lambda: step(BEFORE)), "after T/3": flops(lambda: step(AFTER))}


def ours(network, given) -> dict[str, float]:
    """Return the cost of our step, a sample; a sample counts with its chance of t <= 200."""
    options = SiameseOptions()
    siamese = SiameseStep(network, options)
    chance = (options.augmentation_max_t + 1) / network.schedule.steps

    def step(s, augmented):
        network.zero_grad()
        rows = Rows(slice(None), torch.arange(augmented, device=META))
        siamese(given, s / PLANNED, rows).total.backward()

    without, counted = flops(lambda: step(AFTER, 0)), flops(lambda: step(AFTER, len(given.t)))
    before = flops(lambda: step(BEFORE, 0))
    return {"before T/3": before, "after T/3": without + chance * (counted - without)}


def with_whole_run(costs) -> dict[str, float]:
    """Add the mean over a run: Online-Augmentation begins after a third of it."""
    return costs | {"whole run": costs["before T/3"] / 3 + costs["after T/3"] * 2 / 3}


def table(network, given) -> list[tuple[str, float, float]]:
    """Return (what, published, ours) in GFLOP a sample."""
    found = parts(network, given)
    outside = found["VAE encoder"] + found["text encoder"]
    costs = {}
    for on in (False, True):
        network.enable_checkpointing(on)
        costs[on] = [with_whole_run(side(network, given)) for side in (published, ours)]
    network.enable_checkpointing(False)
    rows = []
    for suffix, theirs, own in (
        ("", costs[False][0], costs[False][1]),
        (", both recompute", costs[True][0], costs[True][1]),
        (", only the published recomputes", costs[True][0], costs[False][1]),
    ):
        rows += [(name + suffix, theirs[name], own[name]) for name in own]
        rows += [
            (f"{name}, VAE and text{suffix}", theirs[name] + outside, own[name]) for name in own
        ]
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=384, help="of the images, a multiple of 64")
    arguments = parser.parse_args()
    network, given = build(), batch(1, arguments.size)
    each = ", ".join(f"{name} {cost:.0f}" for name, cost in parts(network, given).items())
    print(f"GFLOP a sample, forward: {each}")
    print("\n| forward and backward | published | ours | ratio | aim |\n|---|---|---|---|---|")
    for name, theirs, own in table(network, given):
        aim = f"{AIMS[name]:.2f}" if name in AIMS else ""
        print(f"| {name} | {theirs:.0f} | {own:.0f} | {own / theirs:.3f} | {aim} |")


if __name__ == "__main__":
    main()
