"""Arrays of pictures, in memory or in a file that goes with them."""

import gc
from pathlib import Path

import numpy as np
import pytest

from medsynth.io import pixel_array as module


@pytest.mark.parametrize("large_bytes", [1, 2**20])
def test_an_array_is_one_wherever_it_lies(monkeypatch, tmp_path, large_bytes):
    monkeypatch.setattr(module, "LARGE_BYTES", large_bytes)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    array = module.pixel_array(5, 4, 3)
    values = np.arange(60, dtype=np.uint8).reshape(5, 4, 3)
    array[:] = values
    gc.collect()
    assert type(array) is np.ndarray
    assert (array[1:4] == values[1:4]).all()
    assert list(tmp_path.iterdir()) == []
    maps = Path("/proc/self/maps")
    if maps.exists():
        assert (str(tmp_path) in maps.read_text()) == (large_bytes == 1)
    del array
    gc.collect()
    if maps.exists():
        assert str(tmp_path) not in maps.read_text()


def test_no_pictures_are_an_array_too(monkeypatch):
    monkeypatch.setattr(module, "LARGE_BYTES", 1)
    assert module.pixel_array(0, 4, 3).shape == (0, 4, 3)
