"""The types that layers hand to one another.

Axis order everywhere in numpy code: images are (H, W, C), masks are (H, W).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

Split = Literal["train", "val", "test"]
Origin = Literal["real", "synthetic"]
Fit = Literal["crop", "letterbox", "stretch"]
WhichWeights = Literal["last", "best"]
"""Of a fit: the last, or those with the best validation loss."""
Box = tuple[int, int, int, int]
"""(top, left, height, width) in pixels."""

SPLITS: tuple[Split, ...] = ("train", "val", "test")


@dataclass(frozen=True, slots=True)
class LabelClass:
    """One class of the label maps; id 0 is always the background."""

    id: int
    name: str


@dataclass(frozen=True, slots=True, eq=False)
class Mask:
    """A segmentation: class ids, and instance ids where the data has them.

    labels: (H, W) uint8 class ids, 0 = background.
    instances: (H, W) uint16 instance ids or None; 0 = no instance, ids run 1..n without
        gaps, no instance spans two classes, and an instance id stands exactly where a
        label stands.
    """

    labels: NDArray[np.uint8]
    instances: NDArray[np.uint16] | None = None

    @property
    def hw(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        return self.labels.shape[0], self.labels.shape[1]

    def same_as(self, other: Mask) -> bool:
        """Return whether both hold equal arrays."""
        if (self.instances is None) != (other.instances is None):
            return False
        return np.array_equal(self.labels, other.labels) and (
            self.instances is None or np.array_equal(self.instances, _not_none(other.instances))
        )


def _not_none(array: NDArray[Any] | None) -> NDArray[Any]:
    assert array is not None
    return array


@dataclass(frozen=True, slots=True)
class Geometry:
    """How a source picture became a picture of the model: `source_box` resampled into `target_box`.

    What of the target lies outside `target_box` is padding; what of the source lies
    outside `source_box` was cropped away.
    """

    source_hw: tuple[int, int]
    target_hw: tuple[int, int]
    source_box: Box
    target_box: Box


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One image with its mask, real or synthetic, in memory.

    id: safe as a file name: letters, digits, "-" and "_" only.
    image: (H, W, C) uint8, C is 1 (grey) or 3 (RGB).
    group: what must not be split (patient, video, slide); a synthetic sample has those of
        its source masks joined by "+".
    geometry: how the source became this size; None for synthetic samples.
    lineage: JSON values; empty for real samples.
    """

    id: str
    image: NDArray[np.uint8]
    mask: Mask
    split: Split
    origin: Origin
    group: str
    geometry: Geometry | None = None
    lineage: Mapping[str, Any] = field(default_factory=dict)
