"""How different images look to MobileNetV2: what runs offline in LPIPS's place.

The arithmetic is LPIPS's, with maps of another network and unweighted channels; no human
judgement was fitted. The name says so: such numbers are not LPIPS's and not comparable to them.
"""

from __future__ import annotations

from itertools import combinations

import numpy as np
import torch
from numpy.typing import NDArray

from medsynth.model.mobilenet import MobileNetV2
from medsynth.model.pixels import to_tensor
from medsynth.quality.lpips import map_distance

NAME = "perceptual distance (MobileNetV2, unweighted; not LPIPS)"


def perceptual_distances(
    network: MobileNetV2, a: NDArray[np.uint8], b: NDArray[np.uint8]
) -> NDArray[np.float64]:
    """Return (B,) distances of pairs of images, 0 for equal ones.

    Args:
        network: with its weights.
        a: (B, H, W, C) uint8, C 1 (grey) or 3 (RGB).
        b: the same; or one image, (1, H, W, C).
    """
    return map_distance(*(maps_of(network, images) for images in (a, b)))


def diversity_within(network: MobileNetV2, images: NDArray[np.uint8]) -> float:
    """Return the mean distance of all pairs of images, for example of samples of one mask.

    Args:
        network: with its weights.
        images: (N, H, W, C) uint8, N at least 2; a handful, since pairs are N (N - 1) / 2.

    Raises:
        ValueError: fewer than two images.
    """
    if len(images) < 2:
        raise ValueError(f"diversity compares two images or more, not {len(images)}")
    maps = maps_of(network, images)
    pairs = combinations(range(len(images)), 2)
    found = [map_distance(*([layer[k : k + 1] for layer in maps] for k in ij)) for ij in pairs]
    return float(np.mean(found))


def maps_of(network: MobileNetV2, images: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
    """Return the maps before each halving of the resolution, (B, C, h, w) each."""
    rgb = to_tensor(images).expand(-1, 3, -1, -1)
    with torch.no_grad():
        return [layer.numpy() for layer in network.maps(rgb)]
