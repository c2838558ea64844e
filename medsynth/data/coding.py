"""What mask values mean: decided once over all masks, then applied to each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from medsynth.data.mask_values import GREY, look_up, present_values

Meaning = Literal["binary", "labels", "instances"]


@dataclass(frozen=True, slots=True)
class MaskCoding:
    """How values in mask files become class ids.

    meaning: binary, labels, or instances (every value but 0 is one object of class 1).
    colour: whether values are packed colours 0xRRGGBB.
    entries: (source value, class id), ascending; other values go to the nearest of these.
        Empty for instances.
    file_is_instance: whether each of an item's mask files holds one object.
    """

    meaning: Meaning
    colour: bool
    entries: tuple[tuple[int, int], ...]
    file_is_instance: bool = False

    @property
    def carries_instances(self) -> bool:
        """Whether the mask files themselves tell objects apart."""
        return self.meaning == "instances" or self.file_is_instance

    def comparable(self, values: NDArray[np.int32], colour: bool) -> NDArray[np.int32]:
        """Return values on this coding's scale: grey ones as colours where it has colours."""
        return values * np.int32(GREY) if self.colour and not colour else values


def decode_labels(
    values: NDArray[np.int32], colour: bool, coding: MaskCoding
) -> tuple[NDArray[np.uint8], int]:
    """Return (H, W) uint8 class ids and how many pixels were snapped to the nearest value.

    Args:
        values: (H, W) int32, see `mask_values`.
        colour: whether the values are packed colours.
        coding: what they mean.
    """
    values = coding.comparable(values, colour)
    if coding.meaning == "instances":
        return (values != 0).astype(np.uint8), 0
    present, counts = present_values(values)
    nearest = nearest_entries(present, coding)
    sources = np.array([value for value, _ in coding.entries])
    ids = np.array([class_id for _, class_id in coding.entries], dtype=np.uint8)
    snapped = int(counts[sources[nearest] != present].sum())
    return look_up(values, present, ids[nearest]), snapped


def nearest_entries(values: NDArray[np.integer], coding: MaskCoding) -> NDArray[np.intp]:
    """Return for each value (n,) the row of the nearest entry; of two as near, the first."""
    sources = np.array([value for value, _ in coding.entries])
    if coding.colour:
        far = np.abs(_channels(values)[:, None] - _channels(sources)[None]) ** 2
        return np.asarray(far.sum(axis=2).argmin(axis=1))
    return np.asarray(np.abs(values[:, None].astype(np.int64) - sources[None]).argmin(axis=1))


def _channels(packed: NDArray[np.integer]) -> NDArray[np.int64]:
    packed = packed.astype(np.int64)
    return np.stack([packed >> 16 & 255, packed >> 8 & 255, packed & 255], axis=-1)
