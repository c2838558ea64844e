"""Folders made on the fly: pictures with texture, masks with blobs, in any layout and format."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

REAL = Path(__file__).parents[3] / "shared" / "data"


def picture(seed: int, hw: tuple[int, int] = (48, 64), channels: int = 3) -> np.ndarray:
    """Return smooth noise, (H, W, 3) or (H, W) uint8, different for each seed."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 255, (6, 8, channels), dtype=np.uint8)
    out = np.asarray(Image.fromarray(coarse if channels == 3 else coarse[..., 0]).resize(hw[::-1]))
    noise = rng.integers(0, 12, out.shape)
    return np.clip(out.astype(int) + noise, 0, 255).astype(np.uint8)


def blob(seed: int, hw: tuple[int, int] = (48, 64), value: int = 255) -> np.ndarray:
    """Return (H, W) uint8 with a rectangle of `value`, placed by the seed."""
    out = np.zeros(hw, np.uint8)
    top, left = 6 + seed % 9, 16 + seed % 13
    out[top : top + 20, left : left + 22] = value
    return out


def save(path: Path, array: np.ndarray, **options: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)
    return path


@pytest.fixture
def make_pairs(tmp_path: Path) -> Callable[..., Path]:
    """Return a maker of DATA/images + DATA/masks with `n` pairs; options name other places."""

    def make(
        n: int = 6,
        image: str = "images/p{i}.png",
        mask: str = "masks/p{i}.png",
        channels: int = 3,
        value: int = 255,
        hw: tuple[int, int] = (48, 64),
    ) -> Path:
        for i in range(n):
            save(tmp_path / image.format(i=i), picture(i, hw, channels))
            save(tmp_path / mask.format(i=i), blob(i, hw, value))
        return tmp_path

    return make


@pytest.fixture(scope="session")
def real() -> Callable[[str], Path]:
    """Return a finder of the real data sets; it skips where they are not there."""

    def find(name: str) -> Path:
        folder = REAL / name
        if not folder.is_dir():
            pytest.skip(f"the real data set {name} is not at {folder}")
        return folder

    return find
