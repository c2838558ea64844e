"""One mask file that a user brings: read as whole numbers, or refused in a clause."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medsynth.core.errors import listed
from medsynth.data.instances import MOST_INSTANCES
from medsynth.data.mask_values import mask_values, present_values
from medsynth.data.raster import UnreadableError
from medsynth.data.reading import decode


def whole_numbers(data: bytes, sizes: Iterable[tuple[int, int]]) -> tuple[NDArray[np.int32], bool]:
    """Return a mask file's values, (H, W) int32, and whether they are packed colours.

    Raises:
        UnreadableError: unreadable, of floats, of another size than `sizes`, negative, or
            of more labels than instances can be counted.
    """
    raster = decode(data, palette="indices")
    if raster.lossy:
        raise UnreadableError("it is a JPEG, which blurs the borders of classes; save it as PNG")
    if raster.pixels.dtype.kind == "f":
        raise UnreadableError(f"it holds {raster.pixels.dtype}; a mask needs whole numbers")
    if raster.hw not in set(sizes):
        shown = listed((f"{w}x{h}" for h, w in sorted(set(sizes))), 3)
        raise UnreadableError(f"it is {raster.hw[1]}x{raster.hw[0]}, but the images are {shown}")
    values, colour = mask_values(raster.pixels)
    present, _ = present_values(values)
    if present[0] < 0:
        raise UnreadableError(f"it holds the negative value {present[0]}")
    if np.count_nonzero(present) > MOST_INSTANCES:
        count = np.count_nonzero(present)
        raise UnreadableError(f"it holds {count} labels; at most {MOST_INSTANCES} are possible")
    return values, colour


def bytes_of(path: Path) -> bytes:
    """Return a file's bytes; UnreadableError where there are none to be had."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnreadableError(f"{path.name} cannot be read ({error.strerror})") from error
