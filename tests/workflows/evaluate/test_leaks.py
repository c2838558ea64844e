"""Held-out images that show what training images show do not switch the search for copies off."""

import cv2
import numpy as np

from medsynth.data.index import DataIndex
from medsynth.io.images import write_png
from medsynth.quality.copies import COPY_SCORE
from medsynth.workflows.evaluate.likeness import Likeness, leaks
from medsynth.workflows.gates import load_labelled

from .scenes import draw, put


def encoded(image):
    return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, 95])[1], 1)


def test_copies_are_found_where_the_split_leaks_and_the_leak_is_told(own, judge, tmp_path):
    index = DataIndex.load(own)
    train = load_labelled(index, index.split("train"))
    data = draw(tmp_path / "b", 5000, 16)
    for k in range(4):  # other files, and so unknown to the index
        write_png(data / "images" / f"again{k}.png", encoded(train.images[k]))
        write_png(data / "masks" / f"again{k}.png", train.labels[k] * 255)
    blurred = np.stack([cv2.GaussianBlur(image, (0, 0), 0.8) for image in train.images])
    put(own, blurred, train.labels)
    values = judge(own, data)
    assert values["copies"]["threshold"] == COPY_SCORE
    assert values["copies"]["samples"] > 0.9 * len(train)
    assert values["copies"]["held_out"] == 4
    assert {"copies", "near_in_pixels"} <= {each["measure"] for each in values["findings"]}
    (said,) = (each for each in values["warnings"] if "the split leaks" in each)
    assert said.startswith("4 of the 20 real held-out images are as like a training image as")
    assert said in (own / "report.html").read_text()


def test_few_copies_among_the_samples_are_told_though_more_are_held_out(own, judge, tmp_path):
    index = DataIndex.load(own)
    train = load_labelled(index, index.split("train"))
    data = draw(tmp_path / "b", 5000, 16)
    new = [cv2.imread(str(path)) for path in sorted((data / "images").iterdir())]
    for k in range(4):
        write_png(data / "images" / f"again{k}.png", encoded(train.images[k]))
        write_png(data / "masks" / f"again{k}.png", train.labels[k] * 255)
    put(own, [encoded(train.images[9]), *(each[..., ::-1] for each in new[:15])], train.labels[:16])
    values = judge(own, data)
    assert values["copies"]["samples"] == 1
    assert "copies" in {each["measure"] for each in values["findings"]}


def test_nothing_is_told_of_a_split_that_does_not_leak(passing):
    assert not any("the split leaks" in each for each in passing[1]["warnings"])


def test_where_all_are_copies_they_are_the_scale_that_there_is():
    found = Likeness(np.zeros(3), np.zeros(3, np.int64), np.array([0.9, 1.0]))
    assert found.scale.all()
    assert "2 of the 2" in leaks(found)[0]
    assert "all the scale there is" in leaks(found)[0]
    some = Likeness(np.zeros(3), np.zeros(3, np.int64), np.array([0.9, 0.5]))
    assert some.scale.tolist() == [False, True]
