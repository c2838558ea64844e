"""Image-level copy-paste (Ghiasi et al., CVPR 2021): a baseline for synthetic data."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

PROBABILITY = 0.5
MAX_OBJECTS = 3
MAX_SHIFT_OF_SIDE = 0.5
FEATHER_PX = 1.0

Images = NDArray[np.uint8]


def paste_objects(
    images: Images, labels: Images, rng: np.random.Generator
) -> tuple[Images, Images]:
    """Paste objects of the batch's other pairs into about half of its images.

    An object is an 8-connected piece of foreground, with all classes in it; it is mirrored and
    shifted at random, and its border blended over a pixel or two.

    Args:
        images: (B, H, W, C) uint8.
        labels: (B, H, W) uint8 class ids.
        rng: draws.

    Returns:
        New arrays of the same shapes.
    """
    pasted, masks = images.copy(), labels.copy()
    for k in range(len(images)):
        donor = int(rng.integers(len(images)))
        if donor == k or rng.random() >= PROBABILITY:
            continue
        count, pieces = cv2.connectedComponents((labels[donor] > 0).astype(np.uint8))
        numbers = rng.permutation(np.arange(1, count))[: rng.integers(1, MAX_OBJECTS + 1)]
        for number in numbers:
            _paste(pasted[k], masks[k], images[donor], labels[donor], pieces == number, rng)
    return pasted, masks


def _paste(
    image: Images,
    mask: Images,
    source: Images,
    source_mask: Images,
    region: NDArray[np.bool_],
    rng: np.random.Generator,
) -> None:
    """Paste one region into an image and its mask, in place."""
    height, width = region.shape
    down, right = (rng.uniform(-1, 1, 2) * MAX_SHIFT_OF_SIDE * (height, width)).astype(int)
    mirror = rng.random() < 0.5
    warp = np.array([[1, 0, right], [0, 1, down]], np.float32)

    def moved(part: Images, beyond: int) -> Images:
        turned = np.ascontiguousarray(part[:, ::-1]) if mirror else part
        flags, size = cv2.INTER_NEAREST, (width, height)
        shifted: Images = cv2.warpAffine(turned, warp, size, flags=flags, borderMode=beyond)
        return shifted

    where = moved(region.astype(np.uint8), cv2.BORDER_CONSTANT)
    labels = moved(source_mask, cv2.BORDER_CONSTANT)
    # The blend reaches a little beyond the region, and there beyond the source's frame.
    pixels = moved(source, cv2.BORDER_REPLICATE).reshape(image.shape)
    alpha = cv2.GaussianBlur(where.astype(np.float32), (0, 0), FEATHER_PX)[..., None]
    image[:] = np.rint(alpha * pixels + (1 - alpha) * image).astype(np.uint8)
    mask[where > 0] = labels[where > 0]
