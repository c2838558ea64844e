"""A mask in figures: the space in which training masks are profiled and masks compared."""

from __future__ import annotations

from dataclasses import dataclass
from math import log2, log10, nan

import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask
from medsynth.masks.box import around, foreground_box
from medsynth.masks.contacts import contact_shares
from medsynth.masks.copying import within
from medsynth.masks.moments import Moments, foreground_of, moments_of
from medsynth.masks.object_shapes import ObjectShapes, object_shapes

DECIMALS = 6
"""Figures are rounded, so that libraries that differ in the last bit decide alike."""


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One look at a mask.

    classes: the foreground classes that it holds.
    moments: of its foreground.
    objects: shapes of its objects.
    features: (d,) float64, named by `feature_names`; NaN where one cannot be measured.
    """

    classes: frozenset[int]
    moments: Moments
    objects: ObjectShapes
    features: NDArray[np.float64]


def feature_names(class_ids: tuple[int, ...]) -> tuple[str, ...]:
    """Return the names of the features of masks with these foreground classes.

    >>> feature_names((1,))[:3]
    ('area of class 1', 'object count', 'object size')
    """
    names = [f"area of class {k}" for k in class_ids]
    names += ["object count", "object size", "row", "column"]
    names += ["eccentricity", "solidity", "roughness", "border"]
    if len(class_ids) > 1:
        others = (0, *class_ids)
        names += [f"contact of class {a} with {b}" for a in class_ids for b in others if a != b]
    return tuple(names)


def look_at(mask: Mask, class_ids: tuple[int, ...]) -> Look:
    """Return a look at a mask.

    Features: decimal logarithm of each class's share of the picture; log2(1 + objects);
    decimal logarithm of the median object's share; the centroid's place in 0..1; shapes as
    in `ObjectShapes`; the share of the frame's pixels that are foreground; with several
    classes, `contact_shares`.
    """
    foreground = foreground_of(mask.labels)
    moments = moments_of(foreground)
    window = around(foreground_box(mask), 0)
    objects = object_shapes(within(mask, window), foreground[window])
    height, width = mask.hw
    areas = class_areas(mask.labels, class_ids, moments.area_px)
    present = moments.area_px > 0
    values = [*(log_share(px, height * width) for px in areas)]
    values += [log2(1 + objects.count), log_share(objects.median_px, height * width)]
    values += [(moments.row + 0.5) / height if present else nan]
    values += [(moments.col + 0.5) / width if present else nan]
    values += [objects.eccentricity, objects.solidity, objects.roughness]
    values += [frame_share(foreground)]
    if len(class_ids) > 1:
        shares = contact_shares(mask.labels, class_ids)
        others = ~np.eye(len(class_ids), len(class_ids) + 1, 1, dtype=bool)
        values += shares[others].tolist()
    classes = frozenset(k for k, px in zip(class_ids, areas, strict=True) if px)
    features: NDArray[np.float64] = np.array(values, np.float64).round(DECIMALS)
    return Look(classes, moments, objects, features)


def class_areas(
    labels: NDArray[np.uint8], class_ids: tuple[int, ...], foreground_px: int
) -> list[int]:
    """Return the pixels of each class; of a single class they are the foreground."""
    if len(class_ids) == 1:
        return [foreground_px]
    counts = np.bincount(labels.ravel(), minlength=256)
    return [int(counts[k]) for k in class_ids]


def log_share(area_px: float, picture_px: int) -> float:
    """Return the decimal logarithm of an area's share; NaN without area."""
    return log10(area_px / picture_px) if area_px > 0 else nan


def frame_share(labels: NDArray[np.uint8]) -> float:
    """Return which share of the picture's outermost pixels are foreground."""
    lines = (labels[0], labels[-1], labels[:, 0], labels[:, -1])
    return sum(int(np.count_nonzero(line)) for line in lines) / sum(len(line) for line in lines)
