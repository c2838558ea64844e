"""The originals that an image may be a copy of, by their small views."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from medsynth.quality.copy_views import Grey, views, whole

BLOCK = 256
"""Originals that are compared at once: memory stays flat."""


class Likeness(NamedTuple):
    """How alike images and originals look when small.

    cosine: (M, N) float32, of the best variant and the best view; 1 is the same.
    variant: (M, N) int64, which of the image's variants it was.
    view: (M, N) int64, which of the original's views.
    """

    cosine: NDArray[np.float32]
    variant: NDArray[np.int64]
    view: NDArray[np.int64]


class Candidates:
    """The views of all originals, float16: 24 kB each.

    Args:
        thumbnails: (N, THUMB_PX, THUMB_PX) float32.
    """

    def __init__(self, thumbnails: Grey) -> None:
        starts = range(0, len(thumbnails), BLOCK)
        self._blocks = [views(thumbnails[k : k + BLOCK]).astype(np.float16) for k in starts]

    def likeness(self, images: Sequence[Sequence[Grey]]) -> Likeness:
        """Return how alike M images look to each original, over all variants and views.

        Args:
            images: the variants of each image, (THUMB_PX, THUMB_PX) float32, equally many.
        """
        queries = whole(np.stack([variant for image in images for variant in image]))
        parts = [_likeness(queries, len(images[0]), block) for block in self._blocks]
        cosine, variant, view = (np.concatenate(part, axis=1) for part in zip(*parts, strict=True))
        return Likeness(cosine, variant, view)


def _likeness(
    queries: NDArray[np.float32], variants: int, block: NDArray[np.float16]
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """Return cosine, variant and view, of (M * variants, D) queries and (n, views, D) originals."""
    count, each, size = block.shape
    cosines = queries @ block.reshape(-1, size).astype(np.float32).T
    cosines = cosines.reshape(-1, variants, count, each)
    view = cosines.argmax(3)
    best = np.take_along_axis(cosines, view[..., None], 3)[..., 0]
    variant = best.argmax(1)[:, None]
    cosine, chosen = (np.take_along_axis(part, variant, 1)[:, 0] for part in (best, view))
    return cosine, variant[:, 0], chosen
