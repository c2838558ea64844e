"""Pairs on one picture: each image with the outlines of its mask, coloured by class."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask, Sample

PALETTE = np.array(
    [(0, 230, 80), (255, 60, 60), (60, 140, 255), (255, 210, 0), (230, 80, 255), (0, 230, 230),
     (255, 140, 0), (255, 255, 255)],
    dtype=np.uint8,
)  # fmt: skip
"""Colour of class 1, 2, ...; begins again after the last."""
GAP_PX = 2


def outlines(mask: Mask) -> NDArray[np.uint8]:
    """Return (H, W) uint8: the class id where a labelled pixel touches another object, else 0.

    Between two classes the line is on the side of the higher one.
    """
    ids = mask.labels if mask.instances is None else mask.instances
    padded = np.pad(ids, 1, mode="edge")
    differs = np.zeros(ids.shape, bool)
    for rows, columns in ((0, 1), (2, 1), (1, 0), (1, 2)):
        near = padded[rows : rows + ids.shape[0], columns : columns + ids.shape[1]]
        below = np.pad(mask.labels, 1, mode="edge")[
            rows : rows + ids.shape[0], columns : columns + ids.shape[1]
        ]
        differs |= (near != ids) & (below <= mask.labels)
    return np.where(differs, mask.labels, 0).astype(np.uint8)


def overlay(sample: Sample) -> NDArray[np.uint8]:
    """Return (H, W, 3) uint8: the image with its mask's outlines."""
    image = np.repeat(sample.image, 3, axis=2) if sample.image.shape[2] == 1 else sample.image
    lines = outlines(sample.mask)
    colours = PALETTE[(lines.astype(int) - 1) % len(PALETTE)]
    return np.where(lines[..., None] > 0, colours, image).astype(np.uint8)


def contact_sheet(samples: Sequence[Sample], columns: int = 6) -> NDArray[np.uint8]:
    """Return a grid (rows * H, columns * W, 3) of overlays; all samples are of one size."""
    tiles = [np.pad(overlay(s), ((0, GAP_PX), (0, GAP_PX), (0, 0))) for s in samples]
    columns = min(columns, len(tiles))
    rows = math.ceil(len(tiles) / columns)
    tiles += [np.zeros_like(tiles[0])] * (rows * columns - len(tiles))
    lines = [np.concatenate(tiles[r * columns : (r + 1) * columns], axis=1) for r in range(rows)]
    return np.concatenate(lines, axis=0)
