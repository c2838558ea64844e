"""Novelty: whether there is such a mask already, among the real ones or the planned ones."""

from __future__ import annotations

from collections.abc import Mapping

from medsynth.core.types import Mask
from medsynth.masks.features import Look
from medsynth.masks.fingerprint import mask_sha256
from medsynth.masks.flaws import (
    DUPLICATE,
    DUPLICATE_BADNESS,
    LIKE_PLANNED,
    LIKE_PLANNED_BADNESS,
    LIKE_REAL,
    LIKE_REAL_BADNESS,
    Flaw,
)
from medsynth.masks.options import MaskOptions
from medsynth.masks.planned_masks import PlannedMasks
from medsynth.masks.real_masks import RealMasks
from medsynth.masks.signature import Signature

LEAST_LIKENESS = 0.1
"""An IoU below this is no likeness."""


class Novelty:
    """Finds copies.

    Exact: equal masks, and the IoU with the nearest real masks. By signature, and among the
    newest of their like: the IoU with planned masks. See `real_masks` and `planned_masks`.

    Args:
        sources: the real masks by id.
        looks: a look at each, by id.
        single_class: whether there is one foreground class, of id 1.
        options: the thresholds.
    """

    def __init__(
        self,
        sources: Mapping[str, Mask],
        looks: Mapping[str, Look],
        single_class: bool,
        options: MaskOptions,
    ) -> None:
        self._options = options
        full = {key: look.moments for key, look in looks.items() if look.classes}
        self._real = RealMasks(sources, full)
        self._planned = PlannedMasks(single_class)
        for key in sorted(sources):
            self._planned.add_hash(mask_sha256(sources[key]))

    @property
    def nbytes(self) -> int:
        """Bytes that the planned masks take."""
        return self._planned.nbytes

    def take(self, sha256: str, signature: Signature | None) -> None:
        """Remember a planned mask."""
        self._planned.add_hash(sha256)
        if signature is not None:
            self._planned.add_signature(signature)

    def likeness(self, mask: Mask, look: Look, signature: Signature) -> float:
        """Return the IoU with the most similar real mask; small ones count as 0."""
        return self._real.greatest_iou(mask, look.moments, signature, LEAST_LIKENESS)

    def flaw(
        self,
        mask: Mask,
        sha256: str,
        look: Look,
        signature: Signature | None,
        worse_than: float,
    ) -> Flaw | None:
        """Return of what the mask is a copy; only flaws worse than a badness are sought."""
        if worse_than < DUPLICATE_BADNESS and self._planned.has(sha256):
            return Flaw(DUPLICATE_BADNESS, DUPLICATE)
        if signature is None:
            return None
        most = self._options.max_iou_with_real
        if worse_than < LIKE_REAL_BADNESS and most < 1:
            iou = self._real.greatest_iou(mask, look.moments, signature, most)
            if iou > most:
                return Flaw(LIKE_REAL_BADNESS + 0.01 * iou, LIKE_REAL, f"IoU {iou:.3f}")
        most = self._options.max_iou_within
        if worse_than < LIKE_PLANNED_BADNESS and most < 1:
            iou = self._planned.greatest_iou(signature)
            if iou > most:
                return Flaw(LIKE_PLANNED_BADNESS + 0.01 * iou, LIKE_PLANNED, f"IoU {iou:.3f}")
        return None
