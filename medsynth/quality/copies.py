"""Which images are copies of a training image, and of which one.

Found are originals as they were, flipped, turned, cropped to 0.8 of the side or more and resized
back, re-encoded as JPEG, and all of these at once; tests/benchmarks/copies.py measures it.

>>> images = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 1), np.uint8)
>>> CopyDetector().fit(images).score(images[2:, ::-1])
(array([1.]), array([2]))
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsynth.io.hashing import hash_pixels
from medsynth.quality.copy_alignment import aligned_agreement
from medsynth.quality.copy_candidates import Candidates, Likeness
from medsynth.quality.copy_views import Grey, thumbnail, variants, view_windows

CANDIDATES = 5
"""Originals that are aligned with an image; the right one is nearly always among them."""
BATCH = 32
"""Images that are scored at once."""
COPY_SCORE = 0.85
"""Copies score more, even as JPEG at quality 50; between patients nearly nothing does. Measured
on three data sets by tests/benchmarks/copies.py."""

Image = NDArray[np.uint8]


class CopyDetector:
    """Scores images by how much they look like a copy of one of its originals.

    Args:
        candidates: originals that each image is aligned with; more is slower and misses less.
    """

    def __init__(self, candidates: int = CANDIDATES) -> None:
        self.candidates = candidates

    def fit(
        self,
        images: Iterable[Image],
        groups: Sequence[Any] | None = None,
        labels: Sequence[Image] | Image | None = None,
    ) -> CopyDetector:
        """Learn the originals, which take about 40 kB each and 16 a class; return self.

        Args:
            images: (N, H, W, C) uint8, grey or RGB, or N of (H, W) or (H, W, C); read once.
            groups: the N patients or sequences that they are of.
            labels: N of (H, W) uint8 class ids. With these, and those of the images to score,
                what lies alike in two images only because their masks are alike does not count.

        Raises:
            ValueError: no images, or not as many groups.
        """
        self._same: dict[str, list[int]] = {}
        thumbnails: list[Grey] = []
        for index, image in enumerate(images):
            self._same.setdefault(hash_pixels(image), []).append(index)
            thumbnails.append(thumbnail(image))
        if not thumbnails or (groups is not None and len(groups) != len(thumbnails)):
            raise ValueError(f"{len(thumbnails)} originals, groups {groups}: one for each is due")
        self._groups = None if groups is None else np.asarray(groups)
        self._originals = np.stack(thumbnails)
        self._candidates = Candidates(self._originals)
        self._classes = () if labels is None else classes_in(labels)
        self._layouts = [layout(each, self._classes) for each in (() if labels is None else labels)]
        return self

    def score(
        self,
        images: Iterable[Image],
        groups: Sequence[Any] | None = None,
        labels: Sequence[Image] | Image | None = None,
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return how copy-like each image is, and the original that it is most like.

        Args:
            images: (M, H, W, C) uint8, or M of (H, W) or (H, W, C); read once.
            groups: the M images' own groups, whose originals then do not count. Scoring train
                itself so tells what is usual between groups, where nothing is held out.
            labels: the M images' class ids, where `fit` had the originals'.

        Returns:
            (M,) scores, 1 for the same pixels, near 0 for images that share nothing; (M,)
            indices of the originals, -1 with a score of 0 where there is none like it at all.

        Raises:
            ValueError: groups are given, but were not to `fit`.
        """
        if groups is not None and self._groups is None:
            raise ValueError("the originals' groups are not known: give them to fit")
        found: list[tuple[float, int]] = []
        rest = iter(images)
        while batch := list(islice(rest, BATCH)):
            counts = self._counts(None if groups is None else groups[len(found) :], len(batch))
            turned = [variants(thumbnail(image)) for image in batch]
            alike = self._candidates.likeness(turned)
            for k, image in enumerate(batch):
                same = [n for n in self._originals_of(image) if counts[k, n]]
                row = Likeness(*(part[k] for part in alike))
                own = () if labels is None else layout(labels[len(found)], self._classes)
                best = (1.0, same[0]) if same else self._best(turned[k], row, counts[k], own)
                found.append(best)
        return np.array([score for score, _ in found]), np.array([n for _, n in found], np.int64)

    def _counts(self, groups: Sequence[Any] | None, images: int) -> NDArray[np.bool_]:
        """Return (images, N) bool: whether an original counts for an image."""
        if groups is None or self._groups is None:
            return np.ones((images, len(self._originals)), bool)
        return np.asarray(np.asarray(groups[:images])[:, None] != self._groups)

    def _originals_of(self, image: Image) -> list[int]:
        """Return the originals that have an image's very pixels, as it is, flipped or turned."""
        return [n for way in variants(image) for n in self._same.get(hash_pixels(way), ())]

    def _best(
        self,
        turned: Sequence[Grey],
        alike: Likeness,
        counts: NDArray[np.bool_],
        own: Sequence[Grey],
    ) -> tuple[float, int]:
        """Return the score and the index of the candidate that agrees best."""
        order = np.argsort(np.where(counts, -alike.cosine, np.inf), kind="stable")
        found = [(0.0, -1)]
        for n in order[: min(self.candidates, counts.sum())]:
            rows, columns = view_windows()[alike.view[n]]
            way = alike.variant[n]
            query = np.ascontiguousarray(turned[way])
            placed = [np.ascontiguousarray(variants(each)[way]) for each in own]
            theirs = self._layouts[n] if placed else ()
            score = aligned_agreement(query, self._originals[n], rows, columns, placed, theirs)
            found.append((score, int(n)))
        return max(found)


def classes_in(labels: Iterable[Image]) -> tuple[int, ...]:
    """Return the class ids in some masks, in order, without the background."""
    return tuple(sorted({int(each) for mask in labels for each in np.unique(mask)} - {0}))


def layout(labels: Image, classes: Sequence[int]) -> list[Grey]:
    """Return of each class where it is: (THUMB_PX, THUMB_PX) float32 in [0, 255]."""
    return [thumbnail(np.where(labels == each, 255, 0).astype(np.uint8)) for each in classes]
