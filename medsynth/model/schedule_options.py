"""The noise schedule's options. No torch here: recipes are read without it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from medsynth.core.options import Options

ScheduleName = Literal["cosine", "scaled-linear"]
Prediction = Literal["epsilon", "v"]


class ScheduleOptions(Options):
    """The noise schedule and what the network predicts."""

    name: ScheduleName = "cosine"
    """Noise schedule: `cosine` (Nichol and Dhariwal 2021) or `scaled-linear` (Stable
    Diffusion's)."""
    prediction: Prediction = "v"
    """What the network predicts: `v` or `epsilon` (Stable Diffusion 1.x)."""
    shift: float = Field(default=1.0, gt=0, allow_inf_nan=False)
    """Divides the signal-to-noise amplitude of the schedule; above 1 spends more steps at high
    noise, where layout is decided (Hoogeboom et al. 2023). 1 leaves the schedule as published.
    With model.codec.whitening=0, which leaves layout the largest channels, take 2 to 3."""
    weighting: Literal["balanced", "plain", "min-snr"] = "balanced"
    """How squared errors are weighed: `balanced` lets each latent channel count most at the noise
    level that decides it; `plain` is the published mean; `min-snr` lets no noise level count for
    more than its signal allows (Hang et al., ICCV 2023). Differs: with channels of unequal
    variance the plain mean is ruled by the largest one. `balanced` is of the compact backbone;
    elsewhere it is `plain`."""
    min_snr_gamma: float = Field(default=5.0, gt=0)
    """The signal-to-noise ratio at which `min-snr` cuts off; 5 as published."""
