"""What is done in a window is what would be done on the whole picture."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.ndimage import distance_transform_edt, label

from medsynth.core.types import Mask
from medsynth.masks import affine, elastic
from medsynth.masks.box import foreground_box
from medsynth.masks.nearest import nearest_objects
from medsynth.masks.objects import count_pieces, find_objects, object_box
from medsynth.masks.perturbation import DrawContext
from medsynth.masks.pose import place_in, pose_of
from medsynth.masks.reshape import widened
from medsynth.testing import corner_masks


def blob(top: int, left: int) -> Mask:
    """A lesion in a wide picture; at (0, 0) the frame cuts it at two sides."""
    labels = np.zeros((60, 90), np.uint8)
    labels[top : top + 20, left : left + 14] = 1
    labels[top + 5 : top + 9, left + 14 : left + 22] = 1
    return Mask(labels, labels.astype(np.uint16))


MASKS = [blob(0, 0), blob(40, 68), blob(20, 30), blob(0, 40), *corner_masks().values()]


@pytest.mark.parametrize("outside", ["mirror", "background"])
@pytest.mark.parametrize("module", [affine, elastic], ids=["affine", "elastic"])
def test_only_a_window_is_read_and_nothing_is_missed(module, outside, monkeypatch) -> None:
    kind = affine.Affine if module is affine else elastic.Elastic
    far = {"max_rotation_deg": 180, "max_shift_fraction": 0.6, "max_shear_deg": 40}
    operator = kind(kind.options_type(outside=outside, **(far if module is affine else {})))
    steps = [operator.draw(np.random.default_rng(k), DrawContext(MASKS[0])) for k in range(12)]
    inputs = [mask for mask in MASKS if mask.labels.size < 20_000]
    in_windows = [operator.apply(mask, step, {}) for mask in inputs for step in steps]
    monkeypatch.setattr(module, "seen_window", lambda *given: tuple(map(slice, (0, 0), given[-1])))
    whole = [operator.apply(mask, step, {}) for mask in inputs for step in steps]
    assert all(a.same_as(b) for a, b in zip(in_windows, whole, strict=True))
    assert any(a.labels.any() for a in in_windows)


def test_windows_hold_an_extent_up_to_a_limit() -> None:
    close = slice(10, 20), slice(10, 20)
    assert widened(close, ((12, 15), (12, 15)), 50) == (slice(7, 23), slice(7, 23))
    assert widened(close, ((5.5, 24.5), (0, 90)), 8) == (slice(2, 28), slice(2, 28))


def test_the_map_of_objects_is_kept_and_cannot_be_changed() -> None:
    objects, count = find_objects(MASKS[0])
    assert find_objects(MASKS[0])[0] is objects
    assert count == 1
    with pytest.raises(ValueError, match="read-only"):
        objects[0, 0] = 3


def test_the_tail_tells_an_object_s_ends_apart() -> None:
    region = np.zeros((40, 60), bool)
    region[15:25, 5:25] = True
    region[19:21, 25:55] = True
    along, _ = place_in(pose_of(region), np.array([[20.0]]), np.array([[54.0]]))
    assert along.item() > 1
    back, _ = place_in(pose_of(region[:, ::-1].copy()), np.array([[20.0]]), np.array([[5.0]]))
    assert back.item() > 1


regions = arrays(bool, st.tuples(st.integers(1, 12), st.integers(1, 12)))


@given(regions)
def test_pieces_and_holes_are_counted_as_labelling_does(region: np.ndarray) -> None:
    pieces = label(region, np.ones((3, 3)))[1]
    holes = label(np.pad(~region, 1, constant_values=True))[1] - 1
    assert count_pieces(region) == pieces
    assert count_pieces(region, and_holes=True) == pieces + holes


@given(regions)
def test_an_object_s_box_is_that_of_its_pixels(region: np.ndarray) -> None:
    mask = Mask(region.astype(np.uint8))
    objects, count = find_objects(mask)
    for number in range(1, count + 1):
        rows, cols = np.nonzero(objects == number)
        assert object_box(mask, number) == (
            rows.min(),
            cols.min(),
            np.ptp(rows) + 1,
            np.ptp(cols) + 1,
        )
    assert (foreground_box(mask)[2] > 0) == bool(count)


@given(regions, st.integers(1, 5))
def test_the_nearest_object_is_no_further_than_another(region: np.ndarray, reach: int) -> None:
    objects, _ = find_objects(Mask(region.astype(np.uint8)))
    away = distance_transform_edt(objects == 0) if objects.any() else np.full(region.shape, 99.0)
    pixels = np.flatnonzero((away > 0) & (away <= reach))
    for pixel, owner in zip(pixels, nearest_objects(objects, pixels, reach), strict=True):
        to_owner = distance_transform_edt(objects != owner)
        assert to_owner.ravel()[pixel] == pytest.approx(away.ravel()[pixel])
