"""Masks as colours."""

import numpy as np
import pytest

from medsynth.model.hints import borders, class_colour, mask_hint


def test_a_single_class_is_white_as_published():
    labels = np.array([[0, 1], [1, 0]], np.uint8)
    assert mask_hint(labels).tolist() == [[[0] * 3, [255] * 3], [[255] * 3, [0] * 3]]


@pytest.mark.parametrize("count", range(2, 9))
def test_colours_of_classes_and_of_their_borders_differ(count):
    colours = [class_colour(k) for k in range(count)]
    halves = [tuple(part // 2 for part in colour) for colour in colours[1:]]
    assert len({*colours, *halves}) == count + count - 1


def test_many_classes_have_different_colours():
    assert len({class_colour(k) for k in range(256)}) == 256


def test_borders_of_touching_objects_are_darker():
    instances = np.array([[0, 0, 0, 0], [1, 1, 2, 2], [1, 1, 2, 2], [1, 1, 2, 2]], np.uint16)
    edge = borders(instances)
    assert edge.astype(int).tolist() == [
        [0, 0, 0, 0],
        [1, 1, 1, 1],
        [0, 1, 1, 0],
        [0, 1, 1, 0],
    ]
    hint = mask_hint((instances > 0).astype(np.uint8), instances)
    assert np.array_equal(hint[..., 0], np.where(instances == 0, 0, np.where(edge, 127, 255)))


def test_instances_without_neighbours_have_borders_to_the_background():
    instances = np.zeros((5, 5), np.uint16)
    instances[1:4, 1:4] = 7
    edge = borders(instances)
    assert edge.sum() == 8
    assert not edge[2, 2]
    assert not edge[instances == 0].any()
    assert not borders(np.zeros((4, 4), np.uint16)).any()
    assert not borders(np.ones((4, 4), np.uint16)).any()
