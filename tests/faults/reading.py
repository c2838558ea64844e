"""Cases of hostile data by number, for the suite and the long run alike."""

from __future__ import annotations

import csv
import io
import json
import random
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

import h5py
import numpy as np

from medsynth.core.errors import MedsynthError
from medsynth.data.options import DataOptions
from medsynth.data.raster import UnreadableError
from medsynth.data.readers import hdf5_table
from medsynth.data.reading import decode
from medsynth.data.survey import survey_folder
from medsynth.io.yaml import dump_yaml
from medsynth.workflows.recipe import load_recipe

from .corpus import pictures
from .mutate import HOSTILE, mutated, poisoned

Case = Callable[[random.Random, Path], None]
"""Writes something hostile into a folder and reads it; raises what is no known error."""
corpus = cache(pictures)
HDF5_LIMIT_S = 8
"""Damage that sends the HDF5 library round in circles is found after so long."""
HDF5_CLASSES = [{"id": 1, "name": "polyp"}]
RECIPE: dict[str, Any] = {
    "data": {"size": 32, "classes": {1: "a", 2: "b"}},
    "model": {"codec": {"name": "haar", "factor": 4}, "compact": {"channels": [8, 16]}},
    "training": {"batch": 4},
    "masks": {"policy": [{"op": "flip", "chance": 0.5}]},
}


def picture(rng: random.Random, _: Path) -> None:
    """Decode a damaged picture."""
    data = mutated(corpus()[rng.choice(list(corpus()))], rng)
    decode_picture(data, rng.choice(("colours", "indices")))


def decode_picture(data: bytes, palette: Literal["colours", "indices"]) -> None:
    """Decode bytes as an image ("colours") or a mask ("indices"), or be refused."""
    try:
        raster = decode(data, palette)
    except UnreadableError:
        return
    assert raster.pixels.ndim in (2, 3)
    assert raster.pixels.dtype in (np.uint8, np.uint16, np.int32, np.float32)
    assert np.isfinite(raster.pixels).all()


def coco_layout(folder: Path) -> dict[str, Any]:
    """Lay out pictures; return the annotations that belong to them, by file."""
    images = [
        {"id": k, "file_name": f"{k}.png", "width": 12, "height": 9, "group": "a"} for k in (1, 2)
    ]
    shapes: list[Any] = [[[1, 1, 8, 1, 8, 7, 1, 7]], {"size": [9, 12], "counts": [20, 30, 58]}]
    annotations = [
        {"id": k, "image_id": k, "category_id": 1, "segmentation": shape, "iscrowd": 0}
        for k, shape in enumerate(shapes, start=1)
    ]
    categories = [{"id": 1, "name": "polyp"}]
    for entry in images:
        _put(folder / str(entry["file_name"]), corpus()["png"])
    whole = {"images": images, "annotations": annotations, "categories": categories}
    return {"instances_train.json": whole}


def nnunet_layout(folder: Path) -> dict[str, Any]:
    """Lay out pictures; return what says how they are split and called, by file."""
    for name in ("imagesTr/a_0000.png", "labelsTr/a.png", "imagesTr/b_0000.png", "labelsTr/b.png"):
        _put(folder / name, corpus()["grey png"])
    labels = {"background": 0, "polyp": 1}
    described = {"labels": labels, "channel_names": {"0": "R"}}
    return {"dataset.json": described, "splits_final.json": [{"train": ["a"], "val": ["b"]}]}


def _annotated(layout: Callable[[Path], dict[str, Any]]) -> Case:
    """Return the case that reads a layout with something wrong in each of its JSON files."""

    def case(rng: random.Random, folder: Path) -> None:
        for name, value in layout(folder).items():
            _write_json(folder / name, value, rng)

    return case


def tables(rng: random.Random, folder: Path) -> None:
    """Read CSV files and classes.json with something wrong in them."""
    pairs_layout(folder)
    text = io.StringIO()
    rows = [["stem", "split", "group"], ["a", "train", "g"], ["b", "test", "h"]]
    rows[rng.randrange(3)][rng.randrange(3)] = str(rng.choice(HOSTILE))
    csv.writer(text).writerows(rows)
    data = text.getvalue().encode("utf-8", "surrogatepass")
    (folder / "split.csv").write_bytes(mutated(data, rng) if rng.random() < 0.5 else data)
    if rng.random() < 0.5:
        _write_json(folder / "classes.json", {"0": "background", "255": "polyp"}, rng)


def hdf5(rng: random.Random, folder: Path) -> None:
    """Read a damaged HDF5 export, or one with something wrong in it."""
    shape = rng.choice(((2, 9, 12, 3), (2, 9, 12), (2, 9), (2,), (1, 9, 12, 3), (2, 9, 12, 7)))
    images = np.zeros(shape, rng.choice(("u1", "u2", "f8", "S3", "?", "c8", "i8")))
    masks = np.ones((2, 9, 12), rng.choice(("u1", "i4", "f4")))
    data = hdf5_export(images, masks, poisoned(HDF5_CLASSES, rng))
    (folder / "a.h5").write_bytes(mutated(data, rng) if rng.random() < 0.7 else data)


def hdf5_export(images: np.ndarray, masks: np.ndarray, classes: Any) -> bytes:
    """Return an HDF5 export of two pairs, with these arrays and classes in it."""
    columns = {"ids": [b"a", b"b"], "split": [b"train"] * 2, "origin": [b"real"] * 2}
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        file.attrs["format"] = "medsynth-hdf5"
        file.attrs["classes"] = json.dumps(classes).replace("\x00", "")
        file["images"], file["masks"] = images, masks
        for name, texts in {**columns, "group": [b"g", b"h"]}.items():
            file[name] = texts
    return buffer.getvalue()


def paired(rng: random.Random, folder: Path) -> None:
    """Read pairs of which some files are damaged or are others than their names say."""
    for name in ("images/a.png", "masks/a.png", "images/b.tif", "masks/b.bmp"):
        data = corpus()[rng.choice(list(corpus()))]
        _put(folder / name, mutated(data, rng) if rng.random() < 0.5 else data)
    _put(folder / "images/c.png", corpus()["png"])
    _put(folder / "masks/c.png", corpus()["1-bit png"])


def recipe(rng: random.Random, folder: Path) -> None:
    """Load a recipe with something wrong in it."""
    path = folder / "mine.yaml"
    if rng.random() < 0.5:
        path.write_bytes(mutated(dump_yaml(RECIPE).encode(), rng))
    else:
        path.write_text(json.dumps(poisoned(RECIPE, rng)))
    load_recipe(str(path))


SLOW = ("hdf5",)
"""Kinds of which a case takes a process of its own."""
FOLDERS: dict[str, Case] = {
    "coco": _annotated(coco_layout),
    "nnunet": _annotated(nnunet_layout),
    "tables": tables,
    "hdf5": hdf5,
    "paired": paired,
}
CASES: dict[str, Case] = {"picture": picture, **FOLDERS, "recipe": recipe}


def run_case(kind: str, seed: int, folder: Path) -> None:
    """Run a case in an empty folder; raises whatever a user would see as a crash."""
    rng = random.Random(f"{kind} {seed}")
    with warnings.catch_warnings(), patch.object(hdf5_table, "LIMIT_S", HDF5_LIMIT_S):
        warnings.simplefilter("ignore")
        try:
            CASES[kind](rng, folder)
            if kind in FOLDERS:
                survey_folder(folder, DataOptions(size=8, on_mismatch="skip"), 0)
        except MedsynthError:
            return  # a sentence, and exit 2 or 3


def pairs_layout(folder: Path) -> None:
    """Lay out two pairs, and nothing that says more of them."""
    for name in ("a", "b"):
        _put(folder / "images" / f"{name}.png", corpus()["png"])
        _put(folder / "masks" / f"{name}.png", corpus()["1-bit png"])


def _put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def _write_json(path: Path, value: Any, rng: random.Random) -> None:
    """Write JSON with something wrong in it: among its values, or among its bytes."""
    if rng.random() < 0.75:
        path.write_text(json.dumps(poisoned(value, rng)))
    else:
        path.write_bytes(mutated(json.dumps(value).encode(), rng))
