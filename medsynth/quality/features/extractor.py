"""What a feature extractor is: the contract of the group `medsynth.features`.

A plugin registers a class under that group::

    [project.entry-points."medsynth.features"]
    mine = "my_package.mine:Mine"

`medsynth.testing.check_feature_extractor` checks the contract.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from medsynth.core.options import Options
from medsynth.core.registry import Registry


class Identity(NamedTuple):
    """What features are from; numbers of different identities are not comparable.

    name: the extractor's.
    revision: of its code.
    weights: SHA-256 of its weights.
    """

    name: str
    revision: int
    weights: str

    def __str__(self) -> str:
        return f"{self.name} (weights {self.weights[:8]})"


class FeatureOptions(Options):
    """Where an extractor's weights are, and where it runs."""

    weights: str | None = None
    """A file or folder, or a hub id, of the weights; the extractor's usual place if not given."""
    download: bool = False
    """Whether weights that are not here may be fetched from the network."""
    device: str = "cpu"
    """Torch device that the network runs on."""


class FeatureExtractor(Protocol):
    """One network that looks at images.

    name: as registered.
    revision: raised when the same weights begin to give other features.
    weights_source: where the weights are from and how to get them, a sentence.
    """

    name: ClassVar[str]
    revision: ClassVar[int]
    weights_source: ClassVar[str]

    @classmethod
    def open(cls, options: FeatureOptions) -> Self:
        """Return the extractor with its weights loaded; never the network unless asked.

        Raises:
            InputError: the weights are not there, or of another network; the tip says
                how to get them.
        """

    @property
    def identity(self) -> Identity:
        """What its features are from."""

    def features(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return (B, D) features of (B, H, W, C) uint8 images, C 1 (grey) or 3 (RGB).

        An image's features do not depend on the images beside it, but for rounding.
        """


EXTRACTORS: Registry[type[FeatureExtractor]] = Registry("medsynth.features", "feature extractor")


def open_extractor(name: str, options: FeatureOptions | None = None) -> FeatureExtractor:
    """Return the extractor called `name` with its weights.

    Raises:
        UsageError: no such extractor.
        InputError: its weights are not there, or of another network.
    """
    return EXTRACTORS.get(name).open(options or FeatureOptions())
