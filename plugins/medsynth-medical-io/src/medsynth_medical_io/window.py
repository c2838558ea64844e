"""Grey values within a window, as a display shows them.

Source: DICOM PS3.3 C.11.2.1.2, LINEAR, LINEAR_EXACT and SIGMOID.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FUNCTIONS = ("LINEAR", "LINEAR_EXACT", "SIGMOID")


@dataclass(frozen=True, slots=True)
class Window:
    """Centre and width in the units of the volume, such as Hounsfield units."""

    centre: float
    width: float
    function: str = "LINEAR_EXACT"

    def __str__(self) -> str:
        return f"{self.centre!r},{self.width!r},{self.function}"

    @classmethod
    def parse(cls, text: str) -> Window:
        """Return the window of `str(window)`."""
        centre, width, function = text.split(",")
        return cls(float(centre), float(width), function)

    def apply(self, pixels: NDArray[Any]) -> NDArray[np.uint8]:
        """Return (H, W) uint8: black below the window, white above it."""
        values = pixels.astype(np.float64) - self.centre
        if self.function == "SIGMOID":
            shares = 1 / (1 + np.exp(np.clip(-4 * values / self.width, -700, 700)))
        elif self.function == "LINEAR":
            shares = (values + 0.5) / max(self.width - 1, 1e-9) + 0.5
        else:
            shares = values / self.width + 0.5
        return np.rint(255 * np.clip(shares, 0, 1)).astype(np.uint8)


def window_of(centre: Any, width: Any, function: Any = None) -> Window | None:
    """Return the first window that a file gives, None where it gives none that can be."""
    try:
        first = [float(np.ravel(value)[0]) for value in (centre, width)]
    except (TypeError, ValueError, IndexError):
        return None
    name = function if function in FUNCTIONS else "LINEAR"
    least = 1.0 if name == "LINEAR" else 0.0
    if not np.isfinite(first).all() or first[1] <= least:
        return None
    return Window(first[0], first[1], name)
