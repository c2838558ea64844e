import numpy as np
import pytest
from scipy import ndimage

from medsynth.core.types import Mask
from medsynth.exporters.components import parts
from medsynth.exporters.polygon import rasterize
from medsynth.exporters.single_outline import single_outline
from medsynth.exporters.yolo_reading import drawn, filled, read_row
from medsynth.exporters.yolo_seg import to_row


def masks():
    rng = np.random.default_rng(0)
    for k in range(60):
        hw = rng.integers(1, 50, 2)
        rough = rng.random(hw)
        yield rough < rng.random() if k % 2 else ndimage.gaussian_filter(rough, 1.5) > 0.5


def test_touching_pixels_come_back_by_both_ways_of_filling():
    count = 0
    for mask in masks():
        for part in parts(Mask(mask.astype(np.uint8))):
            outline, _, pieces = single_outline(part.pixels)
            hw = part.pixels.shape
            assert pieces == 1
            assert np.array_equal(drawn(outline, hw), part.pixels)
            assert np.array_equal(rasterize(outline.ravel().tolist(), hw), part.pixels)
            count += 1
    assert count > 400


def test_a_line_between_pieces_is_all_that_is_added():
    mask = np.zeros((20, 40), bool)
    mask[2:9, 2:9] = mask[12:18, 25:38] = mask[4:6, 20:22] = True
    outline, holes, pieces = single_outline(mask)
    added = drawn(outline, mask.shape) & ~mask
    assert (holes, pieces) == (0, 3)
    assert (drawn(outline, mask.shape) | ~mask).all()
    assert 0 < added.sum() < 25


def test_holes_are_counted():
    mask = np.ones((9, 14), bool)
    mask[2:4, 2:5] = mask[5, 3] = mask[6:8, 9:12] = False
    outline, holes, pieces = single_outline(mask)
    assert (holes, pieces) == (3, 1)
    assert np.array_equal(drawn(outline, mask.shape), mask)


@pytest.mark.parametrize("hw", [(1, 1), (1, 7), (7, 1), (3, 5)])
def test_thin_and_whole_masks(hw):
    outline, _, _ = single_outline(np.ones(hw, bool))
    assert len(outline) >= 3
    assert drawn(outline, hw).all()


def test_a_reader_whose_point_falls_on_a_corner_fills_one_pixel_more():
    """What the module says is rare; should it go, the module is to say so."""
    rows = ["..#", "###", ".#.", "#.#"]
    pixels = np.array([[mark == "#" for mark in row] for row in rows])
    mask = np.zeros((56, 41), np.uint8)
    mask[27:31, 12:15] = pixels
    (part,) = parts(Mask(mask))
    outline, holes, pieces = single_outline(part.pixels)
    assert (holes, pieces) == (0, 1)
    assert np.array_equal(drawn(outline, pixels.shape), pixels)
    (read,) = filled([read_row(to_row(part, outline, mask.shape))[1]], mask.shape)
    assert np.argwhere(read & (mask == 0)).tolist() == [[30, 13]]
    assert read[mask > 0].all()
