"""Options of sampling. No torch here: recipes are read without it."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from medsynth.core.options import Options
from medsynth.core.precision import Precision
from medsynth.core.types import WhichWeights

SolverName = Literal["unipc", "dpm++", "ddim"]
Spacing = Literal["trailing", "quadratic", "leading"]


LEAST_FIRST = 900
"""Images begin as pure noise; a first timestep below this one, of 1000, takes it for a picture."""


class SamplingOptions(Options):
    """How images are made from masks."""

    solver: SolverName = "unipc"
    """`unipc` (Zhao et al. 2023), `dpm++` (Lu et al. 2022) or `ddim` (Song et al. 2021)."""
    steps: int = Field(default=20, ge=1, le=1000)
    """Network evaluations an image (twice as many with guidance)."""
    spacing: Spacing = "trailing"
    """Where the steps lie: `trailing` (evenly in time), `quadratic` (closer together towards no
    noise, where fine detail is decided) or `leading` (as published for Stable Diffusion: with
    ddim 1, 21, ..., 981 of 1000, begun from pure noise all the same; other solvers end one step
    short of 1). Of a Gaussian channel with a tenth of the latents' standard deviation, 20 steps of
    unipc on a schedule with shift 3 keep 35 % with `trailing` and 96 % with `quadratic`."""
    guidance_scale: float = Field(default=1.0, ge=1)
    """How far to go beyond the prediction without the hint, or, of stable-diffusion, without the
    prompt (the hint stays, as published); 1 is no guidance. Needs a fit with siamese.hint_dropout,
    or of stable-diffusion siamese.prompt_dropout, above 0."""
    guidance_from: float = Field(default=0.0, ge=0, le=1)
    """Guidance acts at noise levels from this share of the schedule, 0 being no noise ..."""
    guidance_to: float = Field(default=1.0, ge=0, le=1)
    """... up to this one (Kynkaanniemi et al. 2024); outside of the interval a step costs half."""
    batch: int = Field(default=32, ge=1)
    """Images made together. Part of the recipe, so that the same run gives the same bytes."""
    precision: Precision = "fp32"
    """What networks compute in, as training.precision; solver and codec compute in fp32."""
    checkpoint: WhichWeights = "last"
    """Which weights: the last, or those with the best validation loss."""

    @model_validator(mode="after")
    def _ordered(self) -> SamplingOptions:
        if self.guidance_from >= self.guidance_to:
            raise ValueError("guidance_from is not below guidance_to")
        if self.spacing == "leading" and self.steps > 500:
            raise ValueError("spacing leading knows up to 500 steps: it begins at t = 1")
        if self.spacing == "leading" and not self._reaches_noise(self.steps):
            near = min(
                filter(self._reaches_noise, range(1, 501)), key=lambda n: abs(n - self.steps)
            )
            raise ValueError(
                f"spacing leading with {self.steps} steps of {self.solver} begins at t = "
                f"{self._first_leading(self.steps)} of 1000, though images begin as pure noise; "
                f"take {near} steps, or spacing=trailing"
            )
        return self

    def _first_leading(self, steps: int) -> int:
        """Return the first timestep of 1000: diffusers rounds the distance between them down."""
        if self.solver == "ddim":
            return (steps - 1) * (1000 // steps) + 1
        return steps * (1000 // (steps + 1)) + 1

    def _reaches_noise(self, steps: int) -> bool:
        return self._first_leading(steps) >= LEAST_FIRST

    def scale_at(self, level: float) -> float:
        """Return the guidance scale at a noise level, t over the number of levels, in [0, 1)."""
        return self.guidance_scale if self.guidance_from <= level <= self.guidance_to else 1.0
