"""Planned masks are written in the values of the run's own data."""

import numpy as np
import pytest

from medsynth.core.types import Mask
from medsynth.data.coding import MaskCoding
from medsynth.data.load import decode_mask
from medsynth.io.file_batch import file_batch
from medsynth.io.images import read_png
from medsynth.workflows.sharing.mask_files import encode_mask, write_mask

CODINGS = [
    MaskCoding("binary", False, ((0, 0), (255, 1))),
    MaskCoding("labels", False, ((0, 0), (3, 1), (7, 1), (9, 2))),
    MaskCoding("labels", False, ((0, 0), (300, 1), (40000, 2))),
    MaskCoding("labels", True, ((0x000000, 0), (0xFF0000, 1), (0x00FF7F, 2))),
    MaskCoding("instances", False, ()),
]


def discs(coding, with_instances):
    """A mask of two touching objects, of two classes where there are two, and a bare corner."""
    labels = np.zeros((14, 11), np.uint8)
    labels[2:8, 1:6], labels[2:8, 6:10] = 1, max([1, *(k for _, k in coding.entries)])
    ids = np.zeros(labels.shape, np.uint16)
    ids[2:8, 1:6], ids[2:8, 6:10] = 1, 2
    return Mask(labels, ids if with_instances else None)


@pytest.mark.parametrize("with_instances", [False, True])
@pytest.mark.parametrize("coding", CODINGS)
def test_a_mask_comes_back_under_any_coding(coding, with_instances):
    mask = discs(coding, with_instances or coding.meaning == "instances")
    data, ids = encode_mask(mask, coding)
    again = decode_mask([data], ids, coding, mask.instances is not None)
    assert again.same_as(mask)


def test_a_mask_has_no_image_and_is_a_group_of_its_own(tmp_path):
    with file_batch() as write:
        item = write_mask(tmp_path, "m0000001", discs(CODINGS[0], True), CODINGS[0], {}, write)
    assert (item.image, item.image_sha256, item.group, item.split) == ("", "", item.id, "train")
    assert set(np.unique(read_png(tmp_path / item.masks[0]))) == {0, 255}
    assert read_png(tmp_path / item.instances).max() == 2
