"""The shapes of a mask's objects, from their outer contours: how many, how large, how round.

Contours cost a tenth of labelling regions. An object is what `masks.objects` calls one, but
for two details: touching instances are told apart by dropping the pixels where they meet,
and what lies inside another object's outline belongs to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2, nan, sqrt
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from medsynth.core.types import Mask

MOST_SHAPES = 64
"""Of more objects than this, eccentricity and so on are those of the longest outlines."""
MOST_STEP_PX = 3.0
"""Outlines are simplified by 1 % of their length, from 1 to this many pixels, before solidity
and roughness are measured: the staircase of pixels, moved twice, is no shape."""
LEAST_AREA_PX = 4.0
"""An outline that encloses less has no shape to speak of."""


@dataclass(frozen=True, slots=True)
class ObjectShapes:
    """What the outlines of a mask's objects are like; NaN where there is none to measure.

    count: objects.
    median_px: median area of an object, in pixels, holes filled.
    eccentricity: log2 of the longer over the shorter axis of the ellipse of equal moments, 0
        for a disc; mean by area. (Even, where sqrt(1 - ratio^2) is steep near the disc.)
    solidity: area over that of the convex hull, steps of a pixel smoothed away; mean by area.
    roughness: outline over that of the convex hull, less 1, smoothed as well; mean by area.
    """

    count: int
    median_px: float
    eccentricity: float
    solidity: float
    roughness: float


def object_shapes(mask: Mask, foreground: NDArray[np.uint8]) -> ObjectShapes:
    """Return the shapes of a mask's objects; `foreground` is `moments.foreground_of` of it."""
    region = foreground if mask.instances is None else told_apart(foreground, mask.instances)
    outlines, _ = cv2.findContours(region, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not outlines:
        return ObjectShapes(0, nan, nan, nan, nan)
    enclosed = np.array([cv2.contourArea(each) for each in outlines])
    lengths = np.array([len(each) for each in outlines])
    areas = enclosed + lengths / 2 + 1  # a contour runs through pixel centres (Pick's theorem)
    longest = np.argsort(-lengths, kind="stable")[:MOST_SHAPES]
    chosen = [k for k in longest if enclosed[k] >= LEAST_AREA_PX]
    median = float(np.median(areas))
    if not chosen:
        return ObjectShapes(len(outlines), median, nan, nan, nan)
    shapes = np.array([outline_shape(outlines[k]) for k in chosen])
    mean = (enclosed[chosen, None] * shapes).sum(0) / enclosed[chosen].sum()
    return ObjectShapes(len(outlines), median, *map(float, mean))


def told_apart(foreground: NDArray[np.uint8], instances: NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Return the foreground without the pixels from which another instance follows."""
    region = foreground.copy()
    height, width = region.shape
    for down, across in ((0, 1), (1, 0), (1, 1), (1, -1)):
        here = np.s_[: height - down, max(0, -across) : width - max(0, across)]
        there = np.s_[down:, max(0, across) : width - max(0, -across)]
        region[here][(instances[here] != instances[there]) & (instances[there] > 0)] = 0
    return region


def outline_shape(outline: NDArray[Any]) -> tuple[float, float, float]:
    """Return (eccentricity, solidity, roughness) of an outline, (n, 1, 2) int32 x and y."""
    step_px = min(max(1.0, len(outline) / 100), MOST_STEP_PX)
    smooth = cv2.approxPolyDP(outline, step_px, True)
    hull = cv2.convexHull(smooth)
    solidity = cv2.contourArea(smooth) / max(cv2.contourArea(hull), LEAST_AREA_PX / 2)
    roughness = cv2.arcLength(smooth, True) / max(cv2.arcLength(hull, True), 1.0) - 1
    moments = cv2.moments(outline)
    half_sum = (moments["mu20"] + moments["mu02"]) / 2
    spread = sqrt(((moments["mu20"] - moments["mu02"]) / 2) ** 2 + moments["mu11"] ** 2)
    longer, shorter = half_sum + spread, max(half_sum - spread, (half_sum + spread) / 1e4)
    return log2(longer / max(shorter, 1e-12)) / 2 if longer > 0 else 0.0, solidity, roughness
