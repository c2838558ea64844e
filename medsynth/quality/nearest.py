"""The most similar training image of each sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

TURNS = tuple((turns, flip) for turns in range(4) for flip in (False, True))


def nearest_images(
    samples: NDArray[np.uint8], references: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.uint8]]:
    """Return the nearest reference of each sample, over its flips and quarter turns.

    Args:
        samples: (N, H, H, C) uint8, square.
        references: (M, H, H, C) uint8.

    Returns:
        (N,) indices; (N,) root mean square distances in grey levels; (N, H, H, C) uint8, the
        nearest references as they were turned.
    """
    rows = samples.reshape(len(samples), -1).astype(np.float32)
    best = np.full(len(samples), np.inf)
    index = np.zeros(len(samples), np.int64)
    turned = np.zeros_like(samples)
    for turns, flip in TURNS:
        variant = np.rot90(references, turns, (1, 2))
        variant = variant[:, :, ::-1] if flip else variant
        flat = variant.reshape(len(references), -1).astype(np.float32)
        squared = (rows**2).sum(1)[:, None] + (flat**2).sum(1)[None] - 2 * rows @ flat.T
        nearest = squared.argmin(1)
        distance = squared[np.arange(len(rows)), nearest]
        closer = distance < best
        best[closer], index[closer] = distance[closer], nearest[closer]
        turned[closer] = variant[nearest[closer]]
    return index, np.sqrt(np.maximum(best, 0) / rows.shape[1]), turned
