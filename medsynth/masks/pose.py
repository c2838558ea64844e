"""Where an object lies, how large it is, and which way it points."""

from __future__ import annotations

from dataclasses import dataclass
from math import atan2, cos, degrees, radians, sin, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

DECIMALS = 6
"""Angles are rounded so that libraries whose arcs differ in the last bit agree."""

Places = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Pose:
    """An object's own frame.

    row, col: its centroid in pixels.
    size_px: the square root of its area.
    angle_deg: direction of its longer axis, from the rows' axis towards the columns', on
        the side where the object's tail is.
    """

    row: float
    col: float
    size_px: float
    angle_deg: float


def pose_of(region: NDArray[np.bool_], top: int = 0, left: int = 0) -> Pose:
    """Return the pose of an (H, W) region that is not empty.

    Args:
        region: (H, W) bool, a window of the picture.
        top: row of the window in the picture.
        left: its column.
    """
    m = cv2.moments(region.view(np.uint8))
    row, col = m["m01"] / m["m00"], m["m10"] / m["m00"]
    angle = atan2(2 * m["mu11"], m["mu02"] - m["mu20"]) / 2
    c, s = cos(angle), sin(angle)
    tail = c**3 * m["mu03"] + s**3 * m["mu30"] + 3 * c * s * (c * m["mu12"] + s * m["mu21"])
    turned = degrees(angle) + (180 if tail < 0 else 0)
    return Pose(
        round(row + top, DECIMALS), round(col + left, DECIMALS), sqrt(m["m00"]), round(turned, 3)
    )


def place_in(pose: Pose, rows: Places, cols: Places) -> tuple[Places, Places]:
    """Return picture coordinates as multiples of the object's size in its own frame."""
    c, s = turn(pose)
    size, row, col = (np.float32(value) for value in (pose.size_px, pose.row, pose.col))
    y, x = (rows - row) / size, (cols - col) / size
    return c * y + s * x, c * x - s * y


def place_out(pose: Pose, along: Places, across: Places) -> tuple[Places, Places]:
    """Return places in an object's own frame as picture coordinates; undoes `place_in`."""
    c, s = turn(pose)
    size, row, col = (np.float32(value) for value in (pose.size_px, pose.row, pose.col))
    return (c * along - s * across) * size + row, (s * along + c * across) * size + col


def turn(pose: Pose) -> tuple[np.float32, np.float32]:
    """Return cosine and sine of the pose's angle, rounded."""
    angle = radians(pose.angle_deg)
    return np.float32(round(cos(angle), 9)), np.float32(round(sin(angle), 9))
