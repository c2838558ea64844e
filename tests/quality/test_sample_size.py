import numpy as np
import pytest

from medsynth.quality.per_class import per_class
from medsynth.quality.sample_size import small_sample_warnings


@pytest.mark.parametrize(
    ("sizes", "words"),
    [
        ((500, 1000, 1280, 40), ["FID"]),
        ((30, 40, 10, 40), ["KID of 30", "3%"]),
        ((5000, 5000, 1280, 40, 300), ["as of 300"]),
        ((5000, 5000, 1280, 40, 5000), []),
        ((5000, 5000, 1280, 3), ["3 groups"]),
        ((5000, 5000, 1280, None), []),
    ],
)
def test_what_is_said(sizes, words):
    said = small_sample_warnings(*sizes)
    assert len(said) == len(words)
    assert all(word in sentence for word, sentence in zip(words, said, strict=True))


def test_classes_that_enough_images_show():
    real = [frozenset({1}), frozenset({1, 2}), frozenset({3}), frozenset()]
    made = [frozenset({1}), frozenset({2, 4})]
    found = per_class(lambda a, b: (np.flatnonzero(a), np.flatnonzero(b)), real, made, least=1)
    assert {k: [x.tolist() for x in v] for k, v in found.items()} == {
        1: [[0, 1], [0]],
        2: [[1], [1]],
    }
    assert per_class(lambda a, b: 0, real, made) == {}
