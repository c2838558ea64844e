import numpy as np

from medsynth.core.types import Mask
from medsynth.exporters.components import parts


def test_pixels_that_touch_by_a_corner_are_one_object():
    labels = np.eye(4, dtype=np.uint8)
    assert [part.area_px for part in parts(Mask(labels))] == [4]


def test_touching_objects_of_two_classes_are_two():
    labels = np.array([[1, 1, 2, 2]], np.uint8)
    assert [(part.class_id, part.box) for part in parts(Mask(labels))] == [
        (1, (0, 0, 1, 2)),
        (2, (0, 2, 1, 2)),
    ]


def test_an_instance_in_two_pieces_stays_one_and_touching_instances_stay_two():
    labels = np.array([[1, 1, 1, 0, 2]], np.uint8)
    instances = np.array([[1, 2, 1, 0, 3]], np.uint16)
    found = [(p.class_id, p.box, p.area_px) for p in parts(Mask(labels, instances))]
    assert found == [(1, (0, 0, 1, 3), 2), (1, (0, 1, 1, 1), 1), (2, (0, 4, 1, 1), 1)]


def test_an_empty_mask_has_no_objects():
    empty = np.zeros((3, 4), np.uint8)
    assert list(parts(Mask(empty))) == list(parts(Mask(empty, empty.astype(np.uint16)))) == []
