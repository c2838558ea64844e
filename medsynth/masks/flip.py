"""Flip perturbation: one of the symmetries of the picture's frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from medsynth.core.types import Mask
from medsynth.masks.perturbation import DrawContext, PerturbationOptions, Step


class FlipOptions(PerturbationOptions):
    """Which symmetries the data has; switch off those that make an impossible picture."""

    horizontal: bool = True
    """Swap left and right."""

    vertical: bool = True
    """Swap top and bottom."""

    transpose: bool = True
    """Swap rows and columns, on square masks only; with both flips, every quarter turn."""

    strength: float = Field(default=1.0, ge=0, le=1)
    """Each symmetry is used with half this chance; at 1 all of the group are equally likely."""


class Flip:
    """Flips the whole mask, classes and instances alike."""

    name: ClassVar[str] = "flip"
    options_type: ClassVar[type[PerturbationOptions]] = FlipOptions

    def __init__(self, options: FlipOptions | None = None) -> None:
        self.options = options or FlipOptions()

    def draw(self, rng: np.random.Generator, context: DrawContext) -> Step:
        """Toss a coin for each of the three; square masks alone are transposed."""
        o = self.options
        coins = rng.random(3) < o.strength / 2
        square = context.mask.hw[0] == context.mask.hw[1]
        return Step(
            self.name,
            {
                "transpose": bool(coins[0]) and o.transpose and square,
                "horizontal": bool(coins[1]) and o.horizontal,
                "vertical": bool(coins[2]) and o.vertical,
            },
        )

    def apply(self, mask: Mask, step: Step, sources: Mapping[str, Mask]) -> Mask:  # noqa: ARG002
        """Transpose first, then flip; no pixel is lost."""
        instances = None if mask.instances is None else flipped(mask.instances, step.params)
        return Mask(flipped(mask.labels, step.params), instances)


def flipped(array: NDArray[Any], params: Mapping[str, Any]) -> NDArray[Any]:
    """Return a flipped copy of an (H, W) array."""
    if params["transpose"]:
        array = np.asarray(cv2.transpose(array))
    axes = [axis for axis, name in ((1, "horizontal"), (0, "vertical")) if params[name]]
    if not axes:
        return array.copy()
    return np.asarray(cv2.flip(array, axes[0] if len(axes) == 1 else -1))
