"""Nearest-neighbour resampling of masks, from whole places, so that every machine gives the
same pixels."""

from __future__ import annotations

from math import ceil, floor
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask
from medsynth.masks.copying import only
from medsynth.masks.instances import renumber
from medsynth.masks.mirror import cut_objects_beyond

Outside = Literal["mirror", "background"]
Window = tuple[slice, slice]
Span = tuple[int, int]
"""The first and the last of some rows or columns."""


def sample_nearest(
    mask: Mask, places: NDArray[np.int16], outside: Outside, window: Window | None = None
) -> Mask:
    """Return the mask read at given places.

    Args:
        mask: the mask to read, with sides of at most 16,383 pixels.
        places: (h, w, 2) int16 (column, row) that each pixel comes from; they may lie
            outside of the picture.
        outside: what lies beyond the picture: background, or "mirror": an object that the
            frame cuts goes on, mirrored, and all else is background.
        window: the pixels that places are given for; all others are background.
    """
    if not places.size:
        return only(mask, np.zeros(mask.hw, bool))
    labels = gathered(mask.labels, places)
    ids = None if mask.instances is None else gathered(mask.instances, places)
    if outside == "mirror" and has_foreground_on_frame(mask):
        labels, ids = _with_mirrored(mask, places, labels, ids)
    if window is not None:
        labels = laid_out(labels, window, mask.hw)
        ids = None if ids is None else laid_out(ids, window, mask.hw)
    return Mask(labels, None if ids is None else renumber(ids))


def _with_mirrored(
    mask: Mask, places: NDArray[np.int16], labels: NDArray[np.uint8], ids: NDArray[Any] | None
) -> tuple[NDArray[np.uint8], NDArray[Any] | None]:
    """Return what was read, and what lies beyond the frame where places do."""
    height, width = mask.hw
    cols, rows = places[..., 0], places[..., 1]
    outside_px = (rows.view(np.uint16) >= height) | (cols.view(np.uint16) >= width)
    beyond = np.flatnonzero(outside_px)  # what is negative counts as large
    far = places.reshape(-1, 2)[beyond].astype(np.int64)
    labels.ravel()[beyond], ids_beyond = cut_objects_beyond(mask, far[:, 1], far[:, 0])
    if ids is not None and ids_beyond is not None:
        ids = ids.astype(np.int64)
        ids.ravel()[beyond] = ids_beyond
    return labels, ids


def laid_out(part: NDArray[Any], window: Window, hw: tuple[int, int]) -> NDArray[Any]:
    """Return an (H, W) array with a part in a window, 0 elsewhere."""
    whole = np.zeros(hw, part.dtype)
    whole[window] = part
    return whole


def read_from(mask: Mask, outside: Outside) -> tuple[Span, Span] | None:
    """Return the first and last row and column with foreground, beyond the frame if mirrored.

    None without foreground.
    """
    left, top, width, height = cv2.boundingRect(np.ascontiguousarray(mask.labels))
    if not width:
        return None
    rows, cols = (top, top + height - 1), (left, left + width - 1)
    if outside == "background":
        return rows, cols
    return with_mirrored(rows, mask.hw[0]), with_mirrored(cols, mask.hw[1])


def with_mirrored(span: Span, side_px: int) -> Span:
    """Return a span with its mirror images at the ends of a side, where it reaches them.

    >>> with_mirrored((0, 2), 10), with_mirrored((7, 9), 10), with_mirrored((3, 5), 10)
    ((-3, 2), (7, 12), (3, 5))
    """
    first, last = span
    return (
        -1 - last if first == 0 else first,
        2 * side_px - 1 - first if last == side_px - 1 else last,
    )


def window_of(rows: tuple[float, float], cols: tuple[float, float], hw: tuple[int, int]) -> Window:
    """Return the pixels within two ranges and within the picture; it may be empty."""
    first, second = (
        slice(max(0, min(floor(low), side)), max(0, min(ceil(high) + 1, side)))
        for (low, high), side in zip((rows, cols), hw, strict=True)
    )
    return first, second


def gathered(array: NDArray[Any], places: NDArray[np.int16]) -> NDArray[Any]:
    """Return array[row, column] for each of the (H, W, 2) int16 (column, row); 0 outside."""
    found: NDArray[Any] = cv2.remap(array, places, None, cv2.INTER_NEAREST)
    return found


def has_foreground_on_frame(mask: Mask) -> bool:
    """Return whether the frame cuts any object."""
    sides = (mask.labels[0], mask.labels[-1], mask.labels[:, 0], mask.labels[:, -1])
    return any(bool(side.any()) for side in sides)


def resize_nearest(array: NDArray[Any], height: int, width: int) -> NDArray[Any]:
    """Return the (H, W) array resized to (height, width) by the nearest pixel centre."""
    rows = (2 * np.arange(height) + 1) * array.shape[0] // (2 * height)
    cols = (2 * np.arange(width) + 1) * array.shape[1] // (2 * width)
    resized: NDArray[Any] = array[rows[:, None], cols]
    return resized
