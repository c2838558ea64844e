"""Fidelity without a network: on a stained section the stain itself says what is gland.

Diaminobenzidine (DAB, brown) is unmixed from hematoxylin and eosin by colour
deconvolution (Ruifrok and Johnston 2001), smoothed and thresholded.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.color import rgb2hed
from skimage.filters import gaussian, threshold_otsu
from skimage.morphology import remove_small_holes, remove_small_objects


@dataclass(frozen=True, slots=True)
class StainRule:
    """How an image's DAB becomes a mask.

    threshold: of the smoothed DAB channel, in optical density.
    sigma_px: of the Gaussian that smooths.
    min_area_px: smaller objects and smaller holes are removed.
    """

    threshold: float
    sigma_px: float = 3.0
    min_area_px: int = 64

    @classmethod
    def fitted(cls, image: NDArray[np.uint8], sigma_px: float = 3.0) -> StainRule:
        """Return the rule whose threshold is Otsu's for one image, (H, W, 3) uint8."""
        return cls(float(threshold_otsu(dab(image, sigma_px))), sigma_px)

    def mask(self, image: NDArray[np.uint8]) -> NDArray[np.bool_]:
        """Return where the image, (H, W, 3) uint8, shows DAB: (H, W) bool."""
        found = dab(image, self.sigma_px) > self.threshold
        found = remove_small_objects(found, max_size=self.min_area_px)
        return np.asarray(remove_small_holes(found, max_size=self.min_area_px), bool)


def dab(image: NDArray[np.uint8], sigma_px: float) -> NDArray[np.float64]:
    """Return the smoothed DAB channel of (H, W, 3) uint8, (H, W) in optical density."""
    return np.asarray(gaussian(rgb2hed(image)[..., 2], sigma_px), np.float64)
