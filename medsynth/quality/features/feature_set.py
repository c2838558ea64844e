"""The features of a set of images, which know what they are from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsynth.core.errors import UsageError
from medsynth.quality.features.extractor import Identity


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """Features of images, in the images' order.

    values: (N, D) float32.
    identity: of the extractor.
    """

    values: NDArray[np.float32]
    identity: Identity

    def __len__(self) -> int:
        return len(self.values)

    def taken(self, chosen: NDArray[Any]) -> FeatureSet:
        """Return the features at (n,) indices or of an (N,) bool choice."""
        return FeatureSet(self.values[chosen], self.identity)


def common_identity(*sets: FeatureSet) -> Identity:
    """Return the identity that all sets share.

    Raises:
        UsageError: they are of different extractors or weights.

    >>> a = FeatureSet(np.zeros((2, 3), np.float32), Identity("clip", 1, "0" * 64))
    >>> str(common_identity(a, a))
    'clip (weights 00000000)'
    """
    found = list(dict.fromkeys(each.identity for each in sets))
    if len(found) > 1:
        raise UsageError(
            "features of different extractors cannot be compared: " + ", ".join(map(str, found)),
            "Extract both sets with one extractor and the same weights.",
        )
    return found[0]
