"""Sample grids in the run folder as a fit goes, and what they warn of."""

from __future__ import annotations

import numpy as np

from medsynth.core.seeds import derive_seed
from medsynth.io.grids import picture_grid
from medsynth.io.images import write_png
from medsynth.io.runs import Run
from medsynth.model.codecs.codec import Codec
from medsynth.model.network import HintedDiffusion
from medsynth.model.precision import saves_by_halving
from medsynth.sampling.sampler import synthesize
from medsynth.training.pairs import PairArrays
from medsynth.workflows.recipe import Recipe

COLUMNS = 8
COLLAPSED = 0.3
"""Samples whose standard deviation is below this share of the real images' are flat."""


class GridMaker:
    """Draws `grids/<phase>-<step>.png`: hints, their real images, what the model makes of them.

    Validation pairs are shown where there are any, training pairs otherwise.
    """

    def __init__(
        self,
        run: Run,
        recipe: Recipe,
        codec: Codec,
        network: HintedDiffusion,
        train: PairArrays,
        val: PairArrays,
    ) -> None:
        self.run = run
        self.recipe = recipe
        self.codec = codec
        self.network = network
        shown = val if len(val) else train
        chosen = np.linspace(0, len(shown) - 1, min(COLUMNS, len(shown))).round().astype(int)
        self.images = shown.images[chosen]
        self.hints = shown.hints[chosen]
        self.conditions = shown.conditions.take(chosen)

    def make(self, phase: str, step: int) -> list[str]:
        """Write the grid of a step; return warnings in words."""
        if phase != "siamese":
            return []
        seeds = [derive_seed(self.recipe.seed, "grid", k) for k in range(len(self.hints))]
        device = next(self.network.parameters()).device
        sampling, training = self.recipe.sampling, self.recipe.training
        if sampling.precision == "fp32" and saves_by_halving(training.precision, device):
            # The fit may hold frozen weights in its precision; fp32 cannot compute with these.
            sampling = sampling.model_copy(update={"precision": training.precision})
        samples = synthesize(
            self.network,
            self.codec,
            self.hints,
            seeds,
            sampling,
            self.conditions,
            device,
        )
        rows = [list(self.hints), list(self.images), list(samples)]
        write_png(self.run.grids / f"{phase}-{step:07d}.png", picture_grid(rows))
        ratio = samples.std() / max(float(self.images.std()), 1e-9)
        if ratio < COLLAPSED:
            return [
                f"samples at {phase} step {step} are nearly flat (contrast {ratio:.2f} of the real "
                "images'): the model has collapsed or is far from done. See the grids."
            ]
        return []
