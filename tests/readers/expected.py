"""What `check_foreign_readers.py` says that an export holds; needs nothing but numpy."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np


class Expected:
    """Images, class ids, objects, splits and classes of an export, by id."""

    def __init__(self, place: Path) -> None:
        self.about = json.loads((place / "expected.json").read_text())
        self.samples = self.about["samples"]
        self.classes = self.about["classes"]
        self._arrays = np.load(place / "expected.npz")

    def image(self, name: str) -> np.ndarray:
        """(H, W, C) uint8."""
        return self._arrays[f"{name}.image"]

    def labels(self, name: str) -> np.ndarray:
        """(H, W) uint8."""
        return self._arrays[f"{name}.labels"]

    def objects(self, name: str) -> np.ndarray:
        """(N, H, W) bool."""
        return self._arrays[f"{name}.objects"]

    def of(self, *splits: str) -> set[str]:
        """The ids in some splits."""
        return {name for name, item in self.samples.items() if item["split"] in splits}
