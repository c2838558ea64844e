"""Pairs on one picture: each image with the outlines of its mask, coloured by class, and words."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask, Sample
from medsynth.data.captions import captioned
from medsynth.io.grids import picture_grid

PALETTE = np.array(
    [(0, 230, 80), (255, 60, 60), (60, 140, 255), (255, 210, 0), (230, 80, 255), (0, 230, 230),
     (255, 140, 0), (255, 255, 255)],
    dtype=np.uint8,
)  # fmt: skip
"""Colour of class 1, 2, ...; begins again after the last."""
GAP_PX = 4
LINES = 3
LEAST_WIDTH_PX = 120


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


def contact_sheet(samples: Sequence[tuple[Sample, str]], columns: int = 6) -> NDArray[np.uint8]:
    """Return a grid of overlays, (H, W, 3), each with words below.

    Args:
        samples: all of one size, each with its words; small ones are enlarged so that these can
            be read.
        columns: pictures in a row.
    """
    tiles = [captioned(enlarged(overlay(sample)), words, LINES) for sample, words in samples]
    return picture_grid([tiles[k : k + columns] for k in range(0, len(tiles), columns)], GAP_PX)


def enlarged(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture whose pixels are squares, as large as its width needs for words below."""
    scale = math.ceil(LEAST_WIDTH_PX / picture.shape[1])
    return np.repeat(np.repeat(picture, scale, 0), scale, 1)
