"""The features of a whole set of images, read in batches: memory stays flat."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medsynth.io.hashing import hash_pixels
from medsynth.quality.features.cache import FeatureCache
from medsynth.quality.features.extractor import FeatureExtractor
from medsynth.quality.features.feature_set import FeatureSet

BATCH = 4
"""On a CPU the maps of more images do not stay in its cache: MobileNetV2 takes 28 ms an image in
batches of 4 and 78 ms in batches of 32, one core."""
BLOCK = 64
"""Batches that are looked up, and kept, at once."""


def extract(
    extractor: FeatureExtractor,
    images: Iterable[NDArray[np.uint8]],
    cache: Path | None = None,
    report: Callable[[int], None] = lambda _: None,
    batch: int = BATCH,
) -> FeatureSet:
    """Return the features of images, from the cache where it has them.

    Args:
        extractor: with its weights.
        images: (N, H, W, C) uint8, or N of (H, W, C), of one shape; read once.
        cache: folder that features are kept in, by content; none are kept where not given.
        report: is told how many images are done.
        batch: images that the network is given at once.

    Raises:
        ValueError: no images.
    """
    kept = None if cache is None else FeatureCache(cache, extractor.identity)
    rows: list[NDArray[np.float32]] = []
    rest = iter(images)
    while block := list(islice(rest, batch * BLOCK)):
        keys = [hash_pixels(image) for image in block]
        found = {} if kept is None else kept.read(keys)
        missing = {key: image for key, image in zip(keys, block, strict=True) if key not in found}
        new = dict(zip(missing, _features(extractor, list(missing.values()), batch), strict=True))
        if kept is not None:
            kept.keep(new)
        rows += [(found | new)[key] for key in keys]
        report(len(rows))
    if not rows:
        raise ValueError("no images to look at")
    return FeatureSet(np.stack(rows), extractor.identity)


def _features(
    extractor: FeatureExtractor, images: list[NDArray[np.uint8]], batch: int
) -> list[NDArray[np.float32]]:
    """Return (D,) features of each image."""
    starts = range(0, len(images), batch)
    parts = [extractor.features(np.stack(images[k : k + batch])) for k in starts]
    return [row for part in parts for row in part]
