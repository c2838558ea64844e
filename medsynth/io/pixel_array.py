"""Arrays of many pictures, which need not stay in memory."""

from __future__ import annotations

import math
import tempfile

import numpy as np
from numpy.typing import NDArray

LARGE_BYTES = 2**28


def pixel_array(*shape: int) -> NDArray[np.uint8]:
    """Return an array of unset bytes; a large one lies in a temporary file without a name.

    The system writes what is not looked at back to that file, so that memory stays bounded
    however many pictures there are. The file goes with the array.

    Args:
        shape: (N, H, W) or (N, H, W, C).

    >>> pixel_array(2, 3, 4).shape
    (2, 3, 4)
    """
    if math.prod(shape) < LARGE_BYTES:
        return np.empty(shape, np.uint8)
    with tempfile.TemporaryFile(prefix="medsynth-") as file:
        return np.memmap(file, np.uint8, "w+", shape=shape).view(np.ndarray)
