"""The real masks, ready to be asked which of them a new mask resembles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import log

import numpy as np

from medsynth.core.types import Mask
from medsynth.masks.aligned import aligned_iou
from medsynth.masks.moments import Moments
from medsynth.masks.signature import (
    Signature,
    all_symmetries,
    packed,
    signature_of,
    sketched_iou,
)

NEAREST = 3
"""Real masks compared pixel by pixel: those with the most similar signatures."""
SKETCH_SLACK = 0.12
"""A signature's IoU may be so far below that of the pixels; what is below is not looked at.
Measured on perturbed masks of CVC-ClinicDB, WBC and DSB2018 with IoU above 0.85: 0.112 at most."""


class RealMasks:
    """Finds the real mask that a new one resembles most.

    Exact: masks whose areas differ too much are left out, for their IoU cannot reach the
    threshold. Not exact: of the others, the three with the nearest signatures are compared.

    Args:
        masks: real masks by id; getting one may read a file.
        moments: of those with foreground, by id.
    """

    def __init__(self, masks: Mapping[str, Mask], moments: Mapping[str, Moments]) -> None:
        self._masks = masks
        self._moments = moments
        signatures = {key: signature_of(masks[key], moments[key]) for key in sorted(moments)}
        self._ids: Sequence[str] = sorted(signatures, key=lambda key: signatures[key].log_area)
        self._log_areas = np.array([signatures[key].log_area for key in self._ids])
        cells = [signatures[key].cells for key in self._ids]
        self._words = packed(np.stack(cells)) if cells else np.empty((0, 14), np.uint64)

    def greatest_iou(
        self, mask: Mask, moments: Moments, signature: Signature, threshold: float
    ) -> float:
        """Return the IoU with the most similar real mask after alignment and flips.

        0 where no real mask comes near the threshold.
        """
        slack = -log(threshold) + 1e-5 if threshold > 0 else np.inf
        first = int(np.searchsorted(self._log_areas, signature.log_area - slack))
        last = int(np.searchsorted(self._log_areas, signature.log_area + slack, "right"))
        if first == last:
            return 0.0
        sketched = sketched_iou(all_symmetries(signature.cells), self._words[first:last])
        nearest = np.argsort(-sketched.max(0), kind="stable")[:NEAREST]
        found = 0.0
        for k in nearest:
            if sketched[:, k].max() >= threshold - SKETCH_SLACK:
                symmetry = inverse_of(int(sketched[:, k].argmax()))
                key = self._ids[first + int(k)]
                there = self._moments[key]
                found = max(found, aligned_iou(mask, self._masks[key], symmetry, moments, there))
        return found


def inverse_of(symmetry: int) -> int:
    """Return the symmetry that undoes one: after a transposition the two flips change places.

    >>> [inverse_of(k) for k in range(8)]
    [0, 1, 2, 5, 4, 3, 6, 7]
    """
    if not symmetry & 1:
        return symmetry
    return 1 | (symmetry & 2) << 1 | (symmetry & 4) >> 1
