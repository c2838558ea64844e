"""What the values of a mask file are, before it is known what they mean."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.measure import label

from medsynth.data.geometry import plan_geometry
from medsynth.data.mask_values import count_values, mask_values
from medsynth.data.options import DataOptions
from medsynth.data.raster import Raster

MOST_VALUES = 256
JPEG_SLACK = 32
"""Grey levels by which JPEG changes neighbouring pixels of one class, about."""
FEW_VALUES = 8
"""Masks with no more values than this are not asked whether they look like instance ids."""


@dataclass(frozen=True, slots=True)
class MaskFacts:
    """What the values of a pair's mask files are.

    counts: value -> pixels, the `MOST_VALUES` most frequent.
    core: the same for pixels whose eight neighbours have their value (in a JPEG: nearly):
        thin edges have none.
    distinct: how many values there are.
    colour: whether values are packed colours.
    lossy: whether a file is a JPEG.
    looks_like_ids: whether values run 1..n without gaps, each standing in one place.
    cropped_px: foreground (non-zero) pixels outside what the model's geometry shows.
    """

    counts: Mapping[int, int]
    core: Mapping[int, int]
    distinct: int
    colour: bool
    lossy: bool
    looks_like_ids: bool
    cropped_px: int


def mask_facts(rasters: Sequence[Raster], options: DataOptions) -> MaskFacts:
    """Return the facts of a pair's decoded mask files."""
    counts: Counter[int] = Counter()
    core: Counter[int] = Counter()
    colour, ids, cropped = False, True, 0
    for raster in rasters:
        values, coloured = mask_values(raster.pixels)
        own = count_values(values)
        counts.update(own)
        slack = JPEG_SLACK if raster.lossy else 0
        core.update(_core_counts(values, coloured, slack) if len(own) > 2 else own)
        colour = colour or coloured
        ids = ids and not coloured and not raster.lossy and _looks_like_ids(values, own)
        cropped += _cropped(values, options)
    return MaskFacts(
        dict(counts.most_common(MOST_VALUES)),
        dict(core.most_common(MOST_VALUES)),
        len(counts),
        colour,
        any(raster.lossy for raster in rasters),
        ids,
        cropped,
    )


def _core_counts(values: NDArray[np.int32], colour: bool, slack: int) -> dict[int, int]:
    """Return value -> pixels whose 3x3 neighbourhood differs by `slack` at most.

    float32 holds grey values to 24 bits exactly.
    """
    square = np.ones((3, 3), np.uint8)
    if colour:
        parts = np.stack([values >> 16 & 255, values >> 8 & 255, values & 255], axis=2)
        exact = parts.astype(np.float32)
    else:
        exact = values.astype(np.float32)[..., None]
    spread = cv2.dilate(exact, square) - cv2.erode(exact, square)
    core = values[spread.reshape(exact.shape).max(axis=2) <= slack]
    return count_values(core) if core.size else {}


def _looks_like_ids(values: NDArray[np.int32], counts: Mapping[int, int]) -> bool:
    present = [value for value in counts if value != 0]
    if len(present) <= FEW_VALUES or min(present) < 0:
        return max(present, default=0) == len(present)
    regions = label(values, background=0, connectivity=2)
    return max(present) == len(present) and int(regions.max()) <= 1.2 * len(present)


def _cropped(values: NDArray[np.int32], options: DataOptions) -> int:
    hw = (values.shape[0], values.shape[1])
    top, left, height, width = plan_geometry(hw, options.size_hw, options.fit).source_box
    if (height, width) == hw:
        return 0
    inside = np.count_nonzero(values[top : top + height, left : left + width])
    return int(np.count_nonzero(values) - inside)
