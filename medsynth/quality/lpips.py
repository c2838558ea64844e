"""LPIPS's arithmetic (Zhang et al., CVPR 2018): from maps of a network to a distance.

The network and its weights are given: with AlexNet's or VGG's maps and the published weights
of channels the number is LPIPS; with others it is a perceptual distance of another name.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Maps = Sequence[NDArray[np.floating]]
EPSILON = 1e-10


def map_distance(
    a: Maps, b: Maps, weights: Sequence[NDArray[np.floating]] | None = None
) -> NDArray[np.float64]:
    """Return (B,) distances of pairs of images, at least 0 for weights of at least 0.

    Each place's channels are brought to unit length; squared differences are weighted by
    channel, averaged over places, and summed over layers.

    Args:
        a: maps of the first images, (B, C, H, W) a layer.
        b: the same of the second, or of one image, which is compared with all.
        weights: (C,) a layer; 1 for each channel where not given.
    """
    each = [np.ones(x.shape[1]) for x in a] if weights is None else weights
    layers = zip(a, b, each, strict=True)
    return np.asarray(sum(layer_distance(x, y, weight) for x, y, weight in layers), np.float64)


def layer_distance(
    a: NDArray[np.floating], b: NDArray[np.floating], weights: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Return (B,) distances of maps (B, C, H, W) with (C,) weights, averaged over places."""
    squared = np.square(unit_channels(a) - unit_channels(b))
    return np.asarray(np.einsum("bchw,c->bhw", squared, weights).mean((1, 2)), np.float64)


def unit_channels(maps: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return (B, C, H, W) with the channels of each place brought to unit length."""
    values = maps.astype(np.float64)
    return np.asarray(values / (np.sqrt((values**2).sum(1, keepdims=True)) + EPSILON))
