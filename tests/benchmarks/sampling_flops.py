"""FLOPs of an image by the published procedure and by ours, at Stable Diffusion v1.5's shape.

    python tests/benchmarks/sampling_flops.py

Nothing is computed: the tensors are on the meta device, and torch counts what the sampler's own
functions run. Published: DDIM, 50 steps, guidance 9 over the prompt; the U-Net, the ControlNet and
its Dense Hint Input run on both halves in every step, the text encoder once on each half. Ours:
DHI runs once an image, prompts are encoded once a run, and guidance may be left out in part of
the steps. The VAE decodes once on both sides. FLOPs tell nothing of quality: `sampling.py` measures
that, on a small network.
"""

from __future__ import annotations

import argparse
from collections import Counter

import torch
from sd15 import (
    CONTEXT,
    DOWNSAMPLING,
    LATENT_CHANNELS,
    META,
    TOKENS,
    build,
    text_encoder,
    token_ids,
    vae,
)
from torch.utils.flop_counter import FlopCounterMode

from medsynth.model.network import Condition
from medsynth.model.schedule import NoiseSchedule
from medsynth.model.schedule_options import ScheduleOptions
from medsynth.sampling.options import SamplingOptions
from medsynth.sampling.sampler import build_solver, guided

OURS = {
    "ddim 50, guidance 9": SamplingOptions(solver="ddim", steps=50, guidance_scale=9),
    "unipc 20, guidance 1.5": SamplingOptions(steps=20, guidance_scale=1.5),
    "unipc 12, guidance 1.5": SamplingOptions(steps=12, guidance_scale=1.5),
    "unipc 12, guidance 1.5 from 0.2 to 0.8": SamplingOptions(
        steps=12, guidance_scale=1.5, guidance_from=0.2, guidance_to=0.8
    ),
    "unipc 12, no guidance": SamplingOptions(steps=12, guidance_scale=1),
}
PUBLISHED_STEPS = 50


def flops(run) -> float:
    """Return the TFLOP of a call: a multiplication and an addition are two."""
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        run()
    return counter.get_total_flops() / 1e12


def published(network, hint, z, prompt) -> float:
    """Return the TFLOP of an image."""
    t = torch.zeros(2, device=META).long()

    def step():
        both = Condition(prompt.repeat(2, 1, 1))
        network(
            z.repeat(2, 1, 1, 1), t, both, network.controlnet.hint_features(hint.repeat(2, 1, 1, 1))
        )

    return PUBLISHED_STEPS * flops(step) + 2 * flops(lambda: text_encoder()(token_ids(1)))


def ours(network, hint, z, prompt, options) -> float:
    """Return the TFLOP of an image."""
    told = Condition(prompt)
    t = torch.zeros(1, device=META).long()
    with torch.no_grad():
        features = network.controlnet.hint_features(hint)
    schedule = NoiseSchedule(ScheduleOptions(name="scaled-linear", prediction="epsilon"))
    levels = [int(t) / schedule.steps for t in build_solver(options, schedule).timesteps]
    scales = Counter(options.scale_at(level) for level in levels)
    return flops(lambda: network.controlnet.hint_features(hint)) + sum(
        count * flops(lambda: guided(network, z, t, told, features, scale, told))  # noqa: B023
        for scale, count in scales.items()
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=384, help="of the images, a multiple of 64")
    size = parser.parse_args().size
    network, side = build().eval(), size // DOWNSAMPLING
    hint = torch.zeros(1, 3, size, size, device=META)
    z = torch.zeros(1, LATENT_CHANNELS, side, side, device=META)
    prompt = torch.zeros(1, TOKENS, CONTEXT, device=META)
    decoding = flops(lambda: vae().decode(z))
    theirs = published(network, hint, z, prompt) + decoding
    print(f"| {size}x{size}, an image | TFLOP | published over it |\n|---|--:|--:|")
    print(f"| published: ddim 50, guidance 9 | {theirs:.1f} | 1.00 |")
    for name, options in OURS.items():
        own = ours(network, hint, z, prompt, options) + decoding
        print(f"| {name} | {own:.1f} | {theirs / own:.2f} |")


if __name__ == "__main__":
    main()
