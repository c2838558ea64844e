"""Small made-up data and options, for examples and tests that must be over in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from medsynth.io.images import write_png

TINY: dict[str, Any] = {
    "data.size": 32,
    "model.codec.factor": 4,
    "model.codec.channels": 6,
    "model.codec.width": 8,
    "model.codec.steps": 2,
    "model.compact.channels": [8, 16],
    "model.compact.hint_width": 2,
    "training.batch": 4,
    "base.steps": 2,
    "siamese.steps": 2,
    "sampling.steps": 2,
    "sampling.batch": 4,
    "gates.mode": "off",
}
"""Options that make a fit a matter of seconds, and its images worthless."""


def write_example_pairs(folder: Path, n: int = 12, size_px: int = 48) -> None:
    """Write n images of a bright disc on noise, with their masks, as images/ and masks/."""
    rows, columns = np.mgrid[:size_px, :size_px]
    for k in range(n):
        rng = np.random.default_rng(k)
        centre = rng.uniform(0.35, 0.65, 2) * size_px
        radius = rng.uniform(0.15, 0.3) * size_px
        disc = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 < radius**2
        image = rng.normal(90, 12, (size_px, size_px, 3))
        image[disc] += (90, 30, 10)
        write_png(folder / "images" / f"{k:03d}.png", image.clip(0, 255).astype(np.uint8))
        write_png(folder / "masks" / f"{k:03d}.png", disc.astype(np.uint8) * 255)
