"""Features kept on disk by content: an image's pixels and the extractor's identity name them."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medsynth.io.atomic import open_atomic
from medsynth.io.hashing import hash_json
from medsynth.quality.features.extractor import Identity

Feature = NDArray[np.float32]


class FeatureCache:
    """A folder of blocks, each the features of some images; a damaged block is as if absent.

    Several processes may read and write one folder: blocks are written atomically, and equal
    content has one name.

    Args:
        folder: made when something is first kept.
        identity: of the extractor; others' features lie elsewhere in the folder.
    """

    def __init__(self, folder: Path, identity: Identity) -> None:
        self.folder = folder / f"{identity.name}-{hash_json(list(identity))[:16]}"
        self._place: dict[str, tuple[Path, int]] = {}
        for path in sorted(self.folder.glob("*.npz")):
            self._add(path)

    def __contains__(self, pixels: str) -> bool:
        return pixels in self._place

    def read(self, pixels: list[str]) -> dict[str, Feature]:
        """Return the features of those images, by the hash of their pixels, that are kept."""
        found: dict[str, Feature] = {}
        wanted = [(self._place[key], key) for key in dict.fromkeys(pixels) if key in self]
        for path in {place[0] for place, _ in wanted}:
            block = _read(path, "features")
            if block is not None:
                found |= {key: block[row] for (at, row), key in wanted if at == path}
        return found

    def keep(self, features: Mapping[str, Feature]) -> None:
        """Write a block of features (D,), by the hash of their images' pixels."""
        if not features:
            return
        path = self.folder / f"{hash_json(sorted(features))[:32]}.npz"
        with open_atomic(path) as file:
            np.savez(file, pixels=list(features), features=np.stack(list(features.values())))
        self._add(path)

    def _add(self, path: Path) -> None:
        keys = _read(path, "pixels")
        if keys is not None:
            self._place |= {str(key): (path, row) for row, key in enumerate(keys)}


def _read(path: Path, name: str) -> NDArray[np.generic] | None:
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as block:
            return np.asarray(block[name])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile, EOFError):
        return None
