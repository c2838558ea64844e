"""Picture grids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray


def picture_grid(
    rows: Sequence[Sequence[NDArray[Any]]], gap_px: int = 2, scale: int = 1
) -> NDArray[np.uint8]:
    """Return pictures side by side, a row under another, on white.

    Args:
        rows: each a sequence of (H, W), (H, W, 1) or (H, W, 3) uint8 arrays, all of one size.
        gap_px: white space between pictures.
        scale: each pixel becomes a square of this side.

    Returns:
        (height, width, 3) uint8.
    """
    height, width = rows[0][0].shape[:2]
    height, width = height * scale, width * scale
    columns = max(len(row) for row in rows)
    step_y, step_x = height + gap_px, width + gap_px
    grid = np.full((len(rows) * step_y - gap_px, columns * step_x - gap_px, 3), 255, np.uint8)
    for y, row in enumerate(rows):
        for x, picture in enumerate(row):
            rgb = np.repeat(np.repeat(as_rgb(picture), scale, 0), scale, 1)
            grid[y * step_y : y * step_y + height, x * step_x : x * step_x + width] = rgb
    return grid


def as_rgb(picture: NDArray[Any]) -> NDArray[Any]:
    """Return (H, W, 3) of a grey or RGB picture."""
    if picture.ndim == 2:
        picture = picture[..., None]
    return picture if picture.shape[2] == 3 else np.repeat(picture, 3, 2)
