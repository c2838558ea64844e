"""From hints to images: one loop for every solver."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
import torch
from diffusers import DDIMScheduler, DPMSolverMultistepScheduler, UniPCMultistepScheduler
from numpy.typing import NDArray
from torch import Tensor

from medsynth.model.codecs.codec import Codec
from medsynth.model.conditions import Conditions
from medsynth.model.network import Condition, HintedDiffusion
from medsynth.model.pixels import to_tensor
from medsynth.model.precision import autocast
from medsynth.model.schedule import NoiseSchedule
from medsynth.sampling.options import SamplingOptions

PREDICTION_TYPES = {"v": "v_prediction", "epsilon": "epsilon"}


def build_solver(options: SamplingOptions, schedule: NoiseSchedule) -> Any:
    """Return diffusers' scheduler for the schedule the model was trained on."""
    shared: dict[str, Any] = {
        "num_train_timesteps": schedule.steps,
        "trained_betas": schedule.betas(),
        "prediction_type": PREDICTION_TYPES[schedule.options.prediction],
        "timestep_spacing": "trailing",
    }
    if options.spacing == "leading":
        shared |= {"timestep_spacing": "leading", "steps_offset": 1}
    if options.solver == "ddim" and options.spacing == "leading":
        # The published procedure, which ends at the first noise level, not at none.
        solver: Any = DDIMScheduler(**shared, clip_sample=False, set_alpha_to_one=False)
    elif options.solver == "ddim":
        # First-order DPM-Solver++ is DDIM (Lu et al. 2022, section 4.3). diffusers' DDIMScheduler
        # steps by 1000 // steps, which leaves noise where the number does not divide 1000.
        solver = DPMSolverMultistepScheduler(**shared, solver_order=1)
    elif options.solver == "dpm++":
        solver = DPMSolverMultistepScheduler(**shared)
    else:
        solver = UniPCMultistepScheduler(**shared)
    solver.set_timesteps(options.steps)
    if options.spacing == "quadratic":
        put_timesteps(solver, quadratic_timesteps(options.steps, schedule.steps), schedule)
    elif len(solver.timesteps) > options.steps:  # of some numbers 1000 / steps is rounded down
        put_timesteps(solver, solver.timesteps[: options.steps], schedule)
    return solver


def quadratic_timesteps(steps: int, levels: int) -> Tensor:
    """Return (steps,) int64 timesteps from `levels` - 1 downwards, their square roots even.

    >>> quadratic_timesteps(5, 1000).tolist()
    [999, 639, 360, 160, 40]
    """
    k = torch.arange(steps, 0, -1, dtype=torch.float64)
    timesteps = ((levels - 1) * (k / steps) ** 2).round().long()
    for i in range(steps - 2, -1, -1):  # near zero they would meet
        timesteps[i] = max(int(timesteps[i]), int(timesteps[i + 1]) + 1)
    return timesteps


def put_timesteps(solver: Any, timesteps: Tensor, schedule: NoiseSchedule) -> None:
    """Give one of diffusers' solvers timesteps of one's own, and after them no noise."""
    cumulative = schedule.cumulative[timesteps]
    sigmas = ((1 - cumulative) / cumulative).sqrt().float()
    solver.timesteps = timesteps
    solver.sigmas = torch.cat([sigmas, sigmas.new_zeros(1)])


def noise_for(seeds: Sequence[int], shape: tuple[int, int, int]) -> Tensor:
    """Return (B, *shape) standard normal noise, each item from its own seed."""
    return torch.stack(
        [torch.randn(shape, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    )


@torch.no_grad()
def sample_latents(
    network: HintedDiffusion,
    hints: Tensor,
    noise: Tensor,
    condition: Condition,
    options: SamplingOptions,
    free: Condition | None = None,
) -> Tensor:
    """Denoise.

    Args:
        network: fitted, with its ControlNet.
        hints: (B, 3, H, W) mask hints in [0, 1].
        noise: (B, C, h, w) standard normal.
        condition: prompts and labels of the batch.
        options: solver, steps, guidance.
        free: the conditions that guidance leads away from; None for guidance over the hint.

    Returns:
        (B, C, h, w) latents.
    """
    assert network.controlnet is not None
    with autocast(options.precision, noise.device):
        features = network.controlnet.hint_features(hints)  # independent of the timestep
    solver = build_solver(options, network.schedule)
    z = noise * solver.init_noise_sigma
    for timestep in solver.timesteps:
        t = timestep.to(z.device).long().expand(len(z))
        scale = options.scale_at(int(timestep) / network.schedule.steps)
        with autocast(options.precision, z.device):
            prediction = guided(network, z, t, condition, features, scale, free)
        z = solver.step(prediction, timestep, z).prev_sample
    return cast(Tensor, z)


def guided(
    network: HintedDiffusion,
    z: Tensor,
    t: Tensor,
    condition: Condition,
    features: Tensor,
    scale: float,
    free: Condition | None = None,
) -> Tensor:
    """Return the prediction with classifier-free guidance (Ho and Salimans 2022).

    Over the prompt where `free` has empty ones: that half keeps the mask, as published, and both
    halves are one batch. Over the hint otherwise: both halves share the frozen encoder, and the
    half without a hint has no ControlNet at all.

    Args:
        network: with its ControlNet.
        z: (B, C, h, w) noisy latents.
        t: (B,) int64 timesteps.
        condition: prompts and labels.
        features: (B, C_0, h, w) of the hint.
        scale: 1 is no guidance.
        free: the same with empty prompts, or None.

    Returns:
        (B, C, h, w), "v" or "epsilon".
    """
    if free is not None and scale != 1:
        both = network(
            z.repeat(2, 1, 1, 1), t.repeat(2), condition.joined(free), features.repeat(2, 1, 1, 1)
        )
        hinted, unprompted = both.chunk(2)
        return cast(Tensor, unprompted + scale * (hinted - unprompted))
    noisy = network.noisy(z, t)
    encoded = network.encode(noisy, condition)
    residuals = network.control(noisy, condition, features)
    hinted = network.decode(noisy, encoded, residuals, condition)
    if scale == 1:
        return hinted
    unhinted = network.decode(noisy, encoded, None, condition)
    return unhinted + scale * (hinted - unhinted)


@torch.no_grad()
def synthesize_latents(
    network: HintedDiffusion,
    codec: Codec,
    hints: NDArray[np.uint8],
    seeds: Sequence[int],
    options: SamplingOptions,
    told: Conditions | None = None,
    device: torch.device | None = None,
) -> Tensor:
    """Make latents of images for masks; see `decode_images`.

    Args:
        network: fitted, with its ControlNet.
        codec: the codec it was fitted with.
        hints: (B, H, W, 3) uint8, see `model.hints.mask_hint`.
        seeds: one an image.
        options: solver, steps, guidance.
        told: what the images are told besides their masks.
        device: where to compute; None is the CPU.

    Returns:
        (B, C, h, w) latents on the device.
    """
    device = device or torch.device("cpu")
    hint = to_tensor(hints).to(device)
    height, width = hint.shape[2] // codec.factor, hint.shape[3] // codec.factor
    noise = noise_for(seeds, (codec.channels, height, width)).to(device)
    layout = torch.channels_last
    told = told or Conditions()
    free = told.without_prompts()
    return sample_latents(
        network,
        hint.contiguous(memory_format=layout),
        noise.contiguous(memory_format=layout),
        told.condition().to(device),
        options,
        None if free is None else free.to(device),
    )


@torch.no_grad()
def decode_images(codec: Codec, latents: Tensor, batch: int | None = None) -> NDArray[np.uint8]:
    """Return the images of latents, (B, H, W, C) uint8; what is not a number becomes black.

    Args:
        codec: on its device.
        latents: (B, C, h, w).
        batch: images at once; None for all.
    """
    parts = []
    for z in torch.split(latents, batch or len(latents)):
        values = codec.decode(z.to(codec.scale.device)).float().nan_to_num(-1.0)
        pixels = ((values + 1) * 127.5).round().clamp(0, 255).byte()
        parts.append(pixels.permute(0, 2, 3, 1).cpu().numpy())
    return np.concatenate(parts)


def synthesize(
    network: HintedDiffusion,
    codec: Codec,
    hints: NDArray[np.uint8],
    seeds: Sequence[int],
    options: SamplingOptions,
    told: Conditions | None = None,
    device: torch.device | None = None,
) -> NDArray[np.uint8]:
    """Make images for masks, (B, H, W, C) uint8, `options.batch` at once.

    Arguments as `synthesize_latents`.
    """
    told = told or Conditions()
    parts = []
    for rows in np.split(np.arange(len(hints)), range(options.batch, len(hints), options.batch)):
        own = [seeds[k] for k in rows]
        latents = synthesize_latents(
            network, codec, hints[rows], own, options, told.take(rows), device
        )
        parts.append(decode_images(codec, latents))
    return np.concatenate(parts)
