import csv
import json
from contextlib import contextmanager

import pytest
from skimage.data import immunohistochemistry

from medsynth.core.errors import UsageError
from medsynth.io.images import read_png
from medsynth.quality.stain import StainRule
from medsynth.workflows.demo import STRIPS, TILE, DemoConfig, demo, write_tiles

QUICK = (
    "model.codec.steps=5",
    "model.codec.width=8",
    "model.compact.channels=[8, 16]",
    "model.compact.hint_width=2",
    "base.steps=3",
    "siamese.steps=3",
    "sampling.steps=2",
    "sampling.batch=8",
    "gates.mode=score",
    "gates.segmenter.steps=2",
)


@contextmanager
def quiet(label):
    yield lambda *_: None


def test_tiles_never_cross_strips(tmp_path):
    image = immunohistochemistry()
    counts = write_tiles(tmp_path, image, StainRule.fitted(image).mask(image))
    rows = list(csv.DictReader((tmp_path / "split.csv").read_text().splitlines()))
    assert len(rows) == sum(counts.values())
    assert counts["train"] > 500
    for row in rows:
        left, right = STRIPS[row["split"]]
        x = int(row["stem"].split("x")[1])
        assert left <= x
        assert x + TILE <= right


def test_the_demo_measures_what_it_made(tmp_path):
    result = demo(DemoConfig(tmp_path / "demo", 8, QUICK), quiet)
    assert result.n == 8
    assert result.dice_real > 0.98
    assert 0 <= result.dice < 0.9, "six steps cannot be faithful: a measure that cannot fail"
    assert result.nearest_rms > 5
    sheet = read_png(result.sheet)
    assert sheet.shape == (4 * 130 - 2, 8 * 130 - 2, 3)
    figures = json.loads((tmp_path / "demo" / "result.json").read_text())
    assert figures["dice"] == pytest.approx(result.dice, abs=1e-4)
    assert (result.export / "annotations" / "instances_train.json").is_file()
    with pytest.raises(UsageError, match="not empty"):
        demo(DemoConfig(tmp_path / "demo", 8, QUICK), quiet)
