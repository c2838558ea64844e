"""What a fuzzer that is led by coverage may change: whole files, and how each is read."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from unittest.mock import patch

import numpy as np

from medsynth.data.options import DataOptions
from medsynth.data.readers import hdf5_table
from medsynth.data.survey import survey_folder
from medsynth.io.yaml import dump_yaml
from medsynth.workflows.recipe import load_recipe

from . import reading


@dataclass(frozen=True)
class Target:
    """A file that is read: what is there to begin with, and how its bytes are used.

    file: its name; "" where the bytes never become one. seeds: whole ones. lay: what lies beside
    it. read: called with the folder and the bytes.
    """

    file: str
    seeds: Callable[[], Sequence[bytes]]
    read: Callable[[Path, bytes], None]
    lay: Callable[[Path], object] = lambda _: None


def _decode(_: Path, data: bytes) -> None:
    reading.decode_picture(data, "colours")
    reading.decode_picture(data, "indices")


def _survey(folder: Path, _: bytes) -> None:
    with patch.object(hdf5_table, "LIMIT_S", reading.HDF5_LIMIT_S):
        survey_folder(folder, DataOptions(size=8, on_mismatch="skip"), 0)


def hdf5_seed() -> bytes:
    """Return a whole HDF5 export of two pairs."""
    images, masks = np.zeros((2, 9, 12, 3), np.uint8), np.ones((2, 9, 12), np.uint8)
    return reading.hdf5_export(images, masks, reading.HDF5_CLASSES)


def _annotations(layout: Callable[[Path], dict[str, object]]) -> Target:
    """Return the target for the first JSON file of a layout; the others stay whole."""

    def lay(folder: Path) -> None:
        for name, value in layout(folder).items():
            (folder / name).write_text(json.dumps(value))

    with tempfile.TemporaryDirectory() as folder:
        name, value = next(iter(layout(Path(folder)).items()))
    return Target(name, lambda: [json.dumps(value).encode()], _survey, lay)


TARGETS = {
    "picture": Target("", lambda: list(reading.corpus().values()), _decode),
    "coco": _annotations(reading.coco_layout),
    "nnunet": _annotations(reading.nnunet_layout),
    "split": Target(
        "split.csv",
        lambda: [b"stem,split,group\na,train,g\nb,test,h\n"],
        _survey,
        reading.pairs_layout,
    ),
    "hdf5": Target("a.h5", lambda: [hdf5_seed()], _survey),
    "recipe": Target(
        "mine.yaml",
        lambda: [dump_yaml(reading.RECIPE).encode()],
        lambda folder, _: load_recipe(str(folder / "mine.yaml")) and None,
    ),
}
