"""Lay an image over its supposed original and compare their fine structure.

Second stage of the copy detector. Two images of one kind agree in their coarse lightness; only
a copy agrees in its texture. Both are band-passed, and the contrast is evened out so that
a few strong edges (the frame of an endoscope) do not outweigh all else.

An image that was made from a mask agrees with whatever image has a like mask: its objects lie
where those of the other do. Where the masks are known, what follows from each image's own mask
is taken out of it before the two are compared (a partial correlation).
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from medsynth.quality.copy_views import THUMB_PX, Grey, Window

FINE_SIGMA_PX = 1.0
COARSE_SIGMA_PX = 4.0
"""The band, in thumbnail pixels: a difference of Gaussians."""
NOISE_LEVELS = 2.0
"""Contrast below this, in grey levels, is not amplified: JPEG at quality 50 leaves as much."""
STEPS = 15
SMALLEST_SCALE, LARGEST_SCALE, LARGEST_SHEAR = 0.7, 1.1, 0.1
"""What an alignment may come to: a crop to 0.8 of the side, with room for error."""


def structure(grey: Grey) -> Grey:
    """Return the band-passed image at even contrast, centred: (THUMB_PX, THUMB_PX) float32."""
    band = _blur(grey, FINE_SIGMA_PX) - _blur(grey, COARSE_SIGMA_PX)
    contrast = np.sqrt(_blur(band * band, COARSE_SIGMA_PX))
    even = band / (contrast + NOISE_LEVELS)
    return np.asarray(even - even.mean(), np.float32)


def agreement(a: Grey, b: Grey) -> float:
    """Return the cosine of two structures, in [-1, 1]; 0 where one of them is flat."""
    length = float(np.sqrt(np.square(a).sum() * np.square(b).sum()))
    return float((a * b).sum() / length) if length > 1e-3 else 0.0


def without_layout(structure_: Grey, layout: Sequence[Grey]) -> Grey:
    """Return a structure without what the structures of its classes explain, centred.

    Args:
        structure_: (THUMB_PX, THUMB_PX) float32.
        layout: of each class, where it is: (THUMB_PX, THUMB_PX) float32 in [0, 255].
    """
    if not len(layout):
        return structure_
    classes = np.stack([structure(each).ravel() for each in layout], 1).astype(np.float64)
    ridge = 1e-3 * np.eye(len(layout))
    weights = np.linalg.solve(classes.T @ classes + ridge, classes.T @ structure_.ravel())
    rest = structure_.ravel() - classes @ weights
    return np.asarray((rest - rest.mean()).reshape(structure_.shape), np.float32)


def aligned_agreement(
    query: Grey,
    original: Grey,
    rows: Window,
    columns: Window,
    query_layout: Sequence[Grey] = (),
    original_layout: Sequence[Grey] = (),
) -> float:
    """Return how well a query agrees with the part of an original that it may show.

    The part is first taken as the window says, then refined to an affine map by ECC
    (Evangelidis and Psarakis 2008, "Parametric Image Alignment Using Enhanced Correlation
    Coefficient Maximization"); the better of the two counts.

    Args:
        query: (THUMB_PX, THUMB_PX) float32.
        original: (THUMB_PX, THUMB_PX) float32.
        rows: where the query lies in the original, roughly.
        columns: the same, across.
        query_layout: of each class, where the query has it; see `without_layout`.
        original_layout: the same of the original.
    """
    wanted = without_layout(structure(query), query_layout)
    warps = [start := _warp(rows, columns)]
    refined = _refined(query, original, start)
    warps += [] if refined is None else [refined]
    found = []
    for warp in warps:
        layout = [_warped(each, warp) for each in original_layout]
        laid = without_layout(structure(_warped(original, warp)), layout)
        found.append(agreement(wanted, laid))
    return max(found)


def _warp(rows: Window, columns: Window) -> NDArray[np.float32]:
    """Return the (2, 3) map from the query's pixel centres to the original's."""
    x, y = (THUMB_PX * window.start + window.length / 2 - 0.5 for window in (columns, rows))
    return np.array([[columns.length, 0, x], [0, rows.length, y]], np.float32)


def _refined(query: Grey, original: Grey, start: NDArray[np.float32]) -> NDArray[np.float32] | None:
    """Return the map that ECC arrives at, or None: it diverged, or no crop looks like that."""
    criteria = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, STEPS, 1e-4)
    try:
        _, warp = cv2.findTransformECC(
            query, original, start.copy(), cv2.MOTION_AFFINE, criteria, None, 1
        )
    except cv2.error:
        return None
    scales, shears = warp[[0, 1], [0, 1]], warp[[0, 1], [1, 0]]
    fits = scales.min() > SMALLEST_SCALE and scales.max() < LARGEST_SCALE
    return warp.astype(np.float32) if fits and np.abs(shears).max() < LARGEST_SHEAR else None


def _warped(original: Grey, warp: NDArray[np.float32]) -> Grey:
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (THUMB_PX, THUMB_PX)
    out = cv2.warpAffine(original, warp, size, flags=how, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(out, np.float32)


def _blur(image: Grey, sigma_px: float) -> Grey:
    out = cv2.GaussianBlur(image, (0, 0), sigma_px, borderType=cv2.BORDER_REFLECT)
    return np.asarray(out, np.float32)
