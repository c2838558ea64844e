"""Masks that somebody else's segmenter predicted, read back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medsynth.core.errors import InputError, listed
from medsynth.data.raster import UnreadableError
from medsynth.data.reading import decode

SUFFIXES = (".png", ".tif", ".tiff", ".bmp")


def read_predictions(
    folder: Path, ids: Sequence[str], hw: tuple[int, int], classes: int
) -> NDArray[np.uint8]:
    """Return (N, H, W) uint8 class ids.

    Args:
        folder: with a file for each id: class ids, or 0 and 255 where there is one class.
        ids: names of the files without their ending.
        hw: the size they must have.
        classes: number of classes, the background included.

    Raises:
        InputError: some are missing, unreadable, of another size, or hold other values.
    """
    masks = np.zeros((len(ids), *hw), np.uint8)
    wrong = []
    for k, name in enumerate(ids):
        try:
            masks[k] = read_prediction(folder, name, hw, classes)
        except UnreadableError as error:
            wrong.append(f"{name}: {error}")
    if wrong:
        raise InputError(
            f"{len(wrong)} of {len(ids)} predictions in {folder} cannot be used: "
            f"{listed(wrong, 3)}.",
            f"Write one PNG for each image of {{images}}, with its name, {hw[1]} pixels wide and "
            f"{hw[0]} high: class ids 0 to {classes - 1}, or 0 and 255 where there is one class.",
        )
    return masks


def read_prediction(
    folder: Path, name: str, hw: tuple[int, int], classes: int
) -> NDArray[np.uint8]:
    """Return one mask, (H, W) uint8 class ids.

    Raises:
        UnreadableError: what is wrong with it, in words.
    """
    path = next((p for s in SUFFIXES if (p := folder / f"{name}{s}").is_file()), None)
    if path is None:
        raise UnreadableError("it is missing")
    pixels = decode(path.read_bytes(), "indices").pixels
    mask = pixels if pixels.ndim == 2 else pixels[..., 0]
    if mask.shape != hw:
        raise UnreadableError(f"it is {mask.shape[1]}x{mask.shape[0]}")
    values = np.unique(mask)
    if classes == 2 and set(values.tolist()) <= {0, 255}:
        return (mask > 0).astype(np.uint8)
    if not np.isin(values, np.arange(classes)).all():
        raise UnreadableError(f"it holds the value {values.max()}")
    return mask.astype(np.uint8)
