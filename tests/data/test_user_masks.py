"""Masks that a user brings: what they mean, and what is refused, all at once."""

import numpy as np
import pytest
from PIL import Image

from medsynth.core.errors import InputError
from medsynth.data.index import build_index
from medsynth.data.options import DataOptions
from medsynth.data.user_masks import UserMasks


@pytest.fixture
def index(blobs):
    """Twelve 32x32 pairs seen at 16x16, as `classes` and so on say."""

    def index(**drawn):
        meaning = "instances" if drawn.get("instances") else "auto"
        return build_index(blobs(n=12, **drawn), DataOptions(size=16, mask=meaning), 0)

    return index


def write(folder, name, array):
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(folder / name)


def square(value=255, size=32, dtype=np.uint8):
    mask = np.zeros((size, size), dtype)
    mask[8:16, 4:20] = value
    return mask


def refused(folder, index) -> str:
    with pytest.raises(InputError) as caught:
        UserMasks(folder, index)
    return caught.value.what


def test_values_of_the_data_or_class_ids(index, tmp_path) -> None:
    found = index()
    for name, value in (("own", 255), ("ids", 1)):
        write(tmp_path / name, "b.png", square(value))
        write(tmp_path / name, "a.png", np.zeros((16, 16), np.uint8))
        masks = UserMasks(tmp_path / name, found)
        assert [mask.file for mask in masks.masks] == ["a.png", "b.png"]
        read = masks.read(1)
        assert read.hw == (16, 16)
        assert read.labels[5, 5] == 1
        assert np.unique(read.labels).tolist() == [0, 1]
        assert not masks.read(0).labels.any()


def test_any_two_values_are_binary_where_there_is_one_class(index, tmp_path) -> None:
    """As they are in DATA; 0 is the background."""
    write(tmp_path / "m", "a.png", square(128))
    write(tmp_path / "m", "b.png", np.zeros((32, 32), np.uint8))
    masks = UserMasks(tmp_path / "m", index())
    assert np.unique(masks.read(0).labels).tolist() == [0, 1]
    assert masks.read(0).labels.dtype == np.uint8
    assert not masks.read(1).labels.any()
    write(tmp_path / "m", "c.png", square(127))
    said = refused(tmp_path / "m", index())
    assert "c.png holds the unknown value 127 (known: 0, 255" in said
    write(tmp_path / "full", "a.png", np.full((32, 32), 128, np.uint8))
    assert "holds the unknown value 128" in refused(tmp_path / "full", index())
    write(tmp_path / "two", "a.png", square(128))
    assert "holds the unknown value 128" in refused(tmp_path / "two", index(classes=2))


def test_both_kinds_of_values_at_once_are_refused(index, tmp_path) -> None:
    write(tmp_path / "m", "a.png", square(255))
    write(tmp_path / "m", "b.png", square(1))
    assert "b.png holds the unknown value 1" in refused(tmp_path / "m", index())


def test_all_that_is_wrong_is_told_at_once(index, tmp_path) -> None:
    folder = tmp_path / "m"
    write(folder, "good.png", square())
    write(folder, "large.png", square(size=48))
    write(folder, "float.tif", square(1.0, dtype=np.float32))
    (folder / "text.png").write_text("no picture")
    Image.fromarray(square()).save(folder / "jpeg.png", "JPEG")
    said = refused(folder, index())
    assert "4 masks cannot be used" in said
    assert "large.png: it is 48x48, but the images are 16x16, 32x32" in said
    assert "float.tif: it holds float32; a mask needs whole numbers" in said
    assert "text.png: it is no PNG" in said
    assert "jpeg.png: it is a JPEG" in said


def test_unknown_classes_and_colours_are_named(index, tmp_path) -> None:
    found = index(classes=2)
    write(tmp_path / "m", "a.png", square(2))
    write(tmp_path / "m", "b.png", square(7))
    said = refused(tmp_path / "m", found)
    assert "b.png holds the unknown value 7 (known: 0, 1, 2; classes: 0 background" in said
    colour = np.stack([square(9), square(0), square(200)], axis=2)
    write(tmp_path / "c", "a.png", colour)
    assert "a.png is coloured" in refused(tmp_path / "c", found)


def test_more_labels_than_can_be_counted(index, tmp_path) -> None:
    many = np.arange(257 * 257, dtype=np.int32).reshape(257, 257)
    write(tmp_path / "m", "a.tif", many)
    said = refused(tmp_path / "m", index(hw=(257, 257), instances=True))
    assert "a.tif: it holds 66048 labels; at most 65535" in said


def test_instances_by_value_by_file_and_by_region(index, tmp_path) -> None:
    found = index(instances=True)
    assert found.has_instances
    touching = square(4)
    touching[8:16, 12:20] = 9
    write(tmp_path / "values", "a.png", touching)
    read = UserMasks(tmp_path / "values", found).read(0)
    assert read.instances is not None
    assert read.instances.max() == 2
    assert read.labels.max() == 1
    write(tmp_path / "both" / "masks", "a.png", square(1))
    write(tmp_path / "both" / "instances", "a.png", touching.astype(np.uint16))
    assert UserMasks(tmp_path / "both", found).read(0).same_as(read)
    (tmp_path / "both" / "instances" / "a.png").unlink()
    assert "cannot be read" in refused(tmp_path / "both", found)


def test_masks_of_val_and_test_do_not_reach_train(index, tmp_path) -> None:
    found = index()
    held_out = next(item for item in found.items if item.split == "test")
    (tmp_path / "m").mkdir()
    data = (found.root / held_out.masks[0]).read_bytes()
    (tmp_path / "m" / "renamed.png").write_bytes(data)
    assert f"renamed.png: it is that of test pair '{held_out.id}'" in refused(tmp_path / "m", found)


def test_no_masks_at_all(index, tmp_path) -> None:
    found = index()
    (tmp_path / "none").mkdir()
    assert "there is no mask in" in refused(tmp_path / "none", found)
    assert "there is no folder" in refused(tmp_path / "gone", found)


def test_a_file_that_changes_is_noticed(index, tmp_path) -> None:
    write(tmp_path / "m", "a.png", square())
    masks = UserMasks(tmp_path / "m", index())
    write(tmp_path / "m", "a.png", np.zeros((32, 32), np.uint8))
    with pytest.raises(InputError, match="has changed since it was checked"):
        masks.read(0)
