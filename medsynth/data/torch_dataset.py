"""Exports as torch data sets: `Hdf5Dataset` for one file, `FolderDataset` for folders of PNGs.

Both give dicts: "image" float32 (C, H, W) in [0, 1], "mask" int64 (H, W) class ids, "id"
text; with `instances=True` also "instances" int64 (H, W).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from medsynth.core.errors import InputError, UsageError
from medsynth.core.types import SPLITS, Origin, Split
from medsynth.io.cells import read_cells
from medsynth.io.images import read_png

Transform = Callable[..., dict[str, Any]]
"""Called like one of albumentations: transform(image=(H, W, C) uint8, mask=(H, W) uint8), or
transform(image=, masks=[mask, instances]) where instances are asked for; returns a dict with
the same keys, numpy arrays."""

Item = dict[str, Any]


class Hdf5Dataset(Dataset[Item]):
    """Samples of one split of a file that `medsynth export --format hdf5` wrote.

    The file is opened in each worker when it is first read, so the data set may be handed
    to workers that are forked or spawned.

    Args:
        path: the .h5 file.
        split: train, val or test.
        origin: real or synthetic only; None for both.
        transform: see `Transform`.
        instances: also give instance ids.

    Raises:
        InputError: no such file, or not one of medsynth's; or it holds no instances.
        UsageError: it has no sample of that split and origin; the message says what it has.
    """

    def __init__(
        self,
        path: str | Path,
        split: Split = "train",
        origin: Origin | None = None,
        transform: Transform | None = None,
        instances: bool = False,
    ) -> None:
        self.path = Path(path)
        self.transform = transform
        self.instances = instances
        self._opened: tuple[int, h5py.File] | None = None
        with _open_hdf5(self.path) as file:
            _refuse_missing_instances(self.path, instances, "instances" in file)
            self.classes = {c["id"]: c["name"] for c in json.loads(file.attrs["classes"])}
            rows = list(
                zip(
                    *(file[name].asstr()[:].tolist() for name in ("ids", "split", "origin")),
                    strict=True,
                )
            )
        picked = _picked(self.path, [row[1:] for row in rows], split, origin)
        self._rows = picked
        self.ids = [rows[index][0] for index in picked]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> Item:
        file, row = self._file(), self._rows[index]
        instances = file["instances"][row] if self.instances else None
        pictures = (file["images"][row], file["masks"][row], instances)
        return _item(self.ids[index], *_transformed(self.transform, *pictures))

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}

    def _file(self) -> h5py.File:
        """Return the file as opened by this process; one inherited from a parent is not used."""
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = (os.getpid(), _open_hdf5(self.path))
        return self._opened[1]


class FolderDataset(Dataset[Item]):
    """Samples of one split of a folder that `medsynth export --format folder` wrote.

    Args:
        path: the folder with `samples.csv`.
        split: train, val or test.
        origin: real or synthetic only; None for both.
        transform: see `Transform`.
        instances: also give instance ids.

    Raises:
        InputError: not such a folder; or it holds no instances.
        UsageError: it has no sample of that split and origin; the message says what it has.

    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from medsynth.core.types import LabelClass, Mask, Sample
    >>> from medsynth.exporters.export_set import ExportSet, Row
    >>> from medsynth.exporters.folder import Folder, FolderOptions
    >>> image, labels = np.full((4, 6, 3), 255, np.uint8), np.ones((4, 6), np.uint8)
    >>> sample = Sample("a", image, Mask(labels), "train", "real", "patient-1")
    >>> classes = (LabelClass(0, "background"), LabelClass(1, "polyp"))
    >>> rows = (Row("a", "train", "real", "patient-1"),)
    >>> pairs = ExportSet("demo", classes, 3, False, rows, load=lambda row: sample)
    >>> with tempfile.TemporaryDirectory() as out:
    ...     _ = Folder().write(pairs, Path(out), FolderOptions(), lambda *progress: None)
    ...     item = FolderDataset(out, split="train")[0]
    >>> item["id"], tuple(item["image"].shape), float(item["image"].max()), int(item["mask"].sum())
    ('a', (3, 4, 6), 1.0, 24)
    """

    def __init__(
        self,
        path: str | Path,
        split: Split = "train",
        origin: Origin | None = None,
        transform: Transform | None = None,
        instances: bool = False,
    ) -> None:
        self.path = Path(path)
        self.transform = transform
        self.instances = instances
        self._home = self.path / split
        _refuse_missing_instances(self.path, instances, (self._home / "instances").is_dir())
        rows, listed = _read_lists(self.path)
        self.classes = {item["id"]: item["name"] for item in listed["classes"]}
        self._class_of = np.zeros(256, np.uint8)
        for item in listed["classes"]:
            self._class_of[item["value"]] = item["id"]
        places = [(row["split"], row["origin"]) for row in rows]
        self.ids = [rows[index]["id"] for index in _picked(self.path, places, split, origin)]

    def __len__(self) -> int:
        return len(self.ids)

    def __getitem__(self, index: int) -> Item:
        name = f"{self.ids[index]}.png"
        image = self._read("images", name)
        labels = self._class_of[self._read("masks", name)]
        instances = self._read("instances", name) if self.instances else None
        image = image[..., None] if image.ndim == 2 else image
        return _item(self.ids[index], *_transformed(self.transform, image, labels, instances))

    def _read(self, kind: str, name: str) -> NDArray[Any]:
        path = self._home / kind / name
        try:
            return read_png(path)
        except OSError as error:
            raise InputError(
                f"{path} cannot be read: {error}",
                "Export again: medsynth export --format folder --overwrite",
            ) from error


Pictures = tuple[NDArray[Any], NDArray[Any], NDArray[Any] | None]
"""Image (H, W, C), class ids (H, W), instance ids (H, W) where asked for."""


def _transformed(
    transform: Transform | None,
    image: NDArray[Any],
    labels: NDArray[Any],
    instances: NDArray[Any] | None,
) -> Pictures:
    if transform is None:
        return image, labels, instances
    if instances is None:
        found = transform(image=image, mask=labels)
        return found["image"], found["mask"], None
    found = transform(image=image, masks=[labels, instances])
    return found["image"], found["masks"][0], found["masks"][1]


def _item(name: str, image: NDArray[Any], labels: NDArray[Any], instances: Any) -> Item:
    """Return the item; uint8 images are scaled to [0, 1], others are taken as they are."""
    scale = 255.0 if image.dtype == np.uint8 else 1.0
    image = image[..., None] if image.ndim == 2 else image
    channels_first = np.ascontiguousarray(image.transpose(2, 0, 1), dtype=np.float32)
    item = {
        "image": torch.from_numpy(channels_first / np.float32(scale)),
        "mask": torch.from_numpy(np.ascontiguousarray(labels, dtype=np.int64)),
        "id": name,
    }
    if instances is not None:
        item["instances"] = torch.from_numpy(np.ascontiguousarray(instances, dtype=np.int64))
    return item


def _open_hdf5(path: Path) -> h5py.File:
    tip = "Make one with: medsynth export --format hdf5"
    try:
        file = h5py.File(path, "r")
    except OSError as error:
        reason = "does not exist" if not path.exists() else f"is not an HDF5 file: {error}"
        raise InputError(f"{path} {reason}.", tip) from error
    if file.attrs.get("format") != "medsynth-hdf5":
        file.close()
        raise InputError(f"{path} is an HDF5 file, but not one of medsynth's exports.", tip)
    return file


def _read_lists(path: Path) -> tuple[list[dict[str, str]], dict[str, Any]]:
    """Return the rows of samples.csv and what classes.json holds."""
    try:
        rows = read_cells(path / "samples.csv")
        return rows, json.loads((path / "classes.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(
            f"{path} is not a folder that medsynth exported: {error}",
            "Make one with: medsynth export --format folder",
        ) from error


def _picked(path: Path, places: list[tuple[str, str]], split: str, origin: str | None) -> list[int]:
    """Return the indices of the rows with that split and origin."""
    found = [i for i, (s, o) in enumerate(places) if s == split and origin in (None, o)]
    if not found:
        if split not in SPLITS or origin not in (None, "real", "synthetic"):
            asked = f"split={split!r}, origin={origin!r}: there is no such thing"
        else:
            asked = f"{path} has no {origin + ' ' if origin else ''}samples in {split}"
        there = sorted({f"{s} ({o})" for s, o in places})
        raise UsageError(f"{asked}.", f"It has: {', '.join(there) or 'nothing'}.")
    return found


def _refuse_missing_instances(path: Path, asked: bool, there: bool) -> None:
    if asked and not there:
        raise InputError(
            f"{path} holds no instance ids.", "Its masks have classes only; drop instances=True."
        )
