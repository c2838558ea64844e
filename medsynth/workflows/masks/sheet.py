"""Planned masks on one picture: each source beside its result, what was done in words below."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from medsynth.core.types import Mask
from medsynth.data.captions import captioned
from medsynth.data.contact_sheet import PALETTE, outlines, overlay
from medsynth.data.load import load_sample
from medsynth.data.records import DataIndex
from medsynth.io.grids import picture_grid
from medsynth.masks.plan_entry import PlanEntry
from medsynth.masks.words import in_words

__all__ = ["captioned", "mask_sheet", "side_by_side"]

COLUMNS = 4
SIDE_PX = 150
"""The longer side of a picture on the sheet."""
GAP_PX = 3


def mask_sheet(
    index: DataIndex, entries: Sequence[PlanEntry], read: Callable[[PlanEntry], Mask]
) -> NDArray[np.uint8]:
    """Return the contact sheet, (H, W, 3) uint8.

    Args:
        index: the data that the sources come from.
        entries: what to show, one at least.
        read: gives an entry's mask.
    """
    items = {item.id: item for item in index.split("train")}
    tiles = []
    for entry in entries:
        source = overlay(load_sample(index, items[entry.source]))
        words = f"{entry.source} to {entry.key}: {in_words(entry.steps)}"
        if entry.flaw:
            words += f" [{entry.flaw}]"
        tiles.append(captioned(side_by_side(source, painted(read(entry))), words))
    rows = [tiles[k : k + COLUMNS] for k in range(0, len(tiles), COLUMNS)]
    return picture_grid(rows, gap_px=8)


def painted(mask: Mask) -> NDArray[np.uint8]:
    """Return (H, W, 3) uint8: each class in its colour, darker inside than at its outline."""
    colours = PALETTE[(mask.labels.astype(int) - 1) % len(PALETTE)]
    lines = outlines(mask) > 0
    inside = np.where((mask.labels > 0)[..., None], colours // 2, np.uint8(24))
    return np.where(lines[..., None], colours, inside).astype(np.uint8)


def side_by_side(left: NDArray[np.uint8], right: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return two pictures of one size beside each other, the longer side `SIDE_PX`."""
    height, width = left.shape[:2]
    scale = SIDE_PX / max(height, width)
    size = max(1, round(width * scale)), max(1, round(height * scale))
    a, b = (
        np.asarray(Image.fromarray(each).resize(size, Image.Resampling.BOX))
        for each in (left, right)
    )
    return np.concatenate([a, np.full_like(a[:, :GAP_PX], 255), b], axis=1)
