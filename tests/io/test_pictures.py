import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from medsynth.io.grids import picture_grid
from medsynth.io.hashing import hash_bytes, hash_file, hash_json
from medsynth.io.images import encode_png, read_png, write_png

SIDES = st.integers(1, 9)


@given(st.data(), SIDES, SIDES, st.sampled_from([(), (1,), (3,)]))
def test_eight_bit_pictures_come_back_as_they_were(data, height, width, channels):
    import tempfile
    from pathlib import Path

    array = data.draw(arrays(np.uint8, (height, width, *channels)))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.png"
        write_png(path, array)
        back = read_png(path)
    assert back.dtype == np.uint8
    assert np.array_equal(back, array[..., 0] if channels == (1,) else array)


def test_sixteen_bit_pictures_come_back_as_they_were(tmp_path):
    array = np.arange(0, 65536, 97, dtype=np.uint16).reshape(4, -1)
    write_png(tmp_path / "x.png", array)
    back = read_png(tmp_path / "x.png")
    assert back.dtype == np.uint16
    assert np.array_equal(back, array)


def test_equal_arrays_make_equal_bytes_whatever_their_layout():
    array = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    assert encode_png(array) == encode_png(np.asfortranarray(array))
    assert encode_png(array[::2]) == encode_png(array[::2].copy())


def test_a_grid_holds_each_picture_at_its_place():
    grey = np.full((4, 6), 100, np.uint8)
    red = np.zeros((4, 6, 3), np.uint8)
    red[..., 0] = 255
    grid = picture_grid([[grey, red], [grey[..., None]]], gap_px=2, scale=2)
    assert grid.shape == (2 * 8 + 2, 2 * 12 + 2, 3)
    assert (grid[:8, :12] == 100).all()
    assert (grid[:8, 14:] == [255, 0, 0]).all()
    assert (grid[8:10] == 255).all()
    assert (grid[10:, :12] == 100).all()
    assert (grid[10:, 12:] == 255).all()


def test_hashes(tmp_path):
    (tmp_path / "x").write_bytes(b"abc")
    known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert hash_file(tmp_path / "x") == hash_bytes(b"abc") == known
    assert hash_json({"a": 1, "b": [1.5, None]}) == hash_json({"b": [1.5, None], "a": 1})
    assert hash_json({"a": 1}) != hash_json({"a": "1"})
    with pytest.raises(TypeError):
        hash_json({"a": object()})
