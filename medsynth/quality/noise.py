"""Residual noise: the veil that an unfinished denoising leaves."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from skimage.restoration import estimate_sigma


def noise_sigma(images: Sequence[NDArray[np.uint8]]) -> float:
    """Return the mean noise level in grey levels, from the finest wavelet's median deviation.

    After Donoho and Johnstone (1994), per channel. Texture counts as noise, so only a
    comparison with real images of the same kind means something.

    Args:
        images: (H, W, C) uint8.
    """
    return float(np.mean([estimate_sigma(i, channel_axis=-1, average_sigmas=True) for i in images]))
