"""Masks that a user brings: a folder of files, checked all at once, read one at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medsynth.core.errors import InputError, listed
from medsynth.core.types import Mask
from medsynth.data.coding import decode_labels
from medsynth.data.geometry import plan_geometry
from medsynth.data.hashes import combined_hash
from medsynth.data.instances import connected_instances, settle_instances
from medsynth.data.load import fitted_mask
from medsynth.data.mask_values import mask_values, present_values
from medsynth.data.raster import UnreadableError
from medsynth.data.reading import decode
from medsynth.data.records import DataIndex
from medsynth.data.user_mask_file import bytes_of, whole_numbers
from medsynth.data.user_mask_values import Values, values_in
from medsynth.io.hashing import hash_bytes

SUFFIXES = (".png", ".tif", ".tiff", ".bmp")
"""Kinds of files that lose nothing; a JPEG blurs the borders of classes."""
MASKS, INSTANCES = "masks", "instances"


@dataclass(frozen=True, slots=True)
class UserMask:
    """A mask file that was checked: its name in the folder, and the SHA-256 of its bytes."""

    file: str
    sha256: str


class UserMasks:
    """The checked masks of a folder, in order of name.

    Args:
        folder: files, or a folder `masks` of them and perhaps `instances` beside it, as
            `medsynth perturb` writes them.
        index: the data that the masks must suit: same classes, sizes of its images.

    Raises:
        InputError: no masks there, or what is wrong with which of them, all at once.
    """

    def __init__(self, folder: Path, index: DataIndex) -> None:
        inner = folder / MASKS
        self.folder = inner if inner.is_dir() else folder
        self._index = index
        beside = self.folder.parent / INSTANCES
        self._ids = beside if self.folder.name == MASKS and beside.is_dir() else None
        files = _files(self.folder)
        self._sizes = {item.source_hw for item in index.split("train")} | {index.size_hw}
        held_out = {i.mask_sha256: f"{i.split} pair '{i.id}'" for i in index.items}
        held_out = {k: v for k, v in held_out.items() if not v.startswith("train")}
        faults: list[str] = []
        found: list[tuple[UserMask, NDArray[np.int64], bool]] = []
        for path in files:
            try:
                found.append(self._checked(path, held_out))
            except UnreadableError as error:
                faults.append(f"{path.name}: {error}")
        self._values: Values | None = None
        if not faults:
            by_ids = self._ids is None and index.coding.meaning == "instances"
            own = (self.folder.parent / "perturb.json").is_file()
            looked = [(mask.file, present, colour) for mask, present, colour in found]
            self._values, faults = (None, []) if by_ids else values_in(looked, index, own)
        if faults:
            raise InputError(
                f"{len(faults)} of {len(files)} masks in {self.folder} cannot be used: "
                f"{listed(faults)}.",
                "Nothing was written. Draw masks with the classes and the size of the data's own.",
            )
        self.masks = [mask for mask, _, _ in found]

    def __len__(self) -> int:
        return len(self.masks)

    def read(self, number: int) -> Mask:
        """Return mask `number`, from 0, at the model's geometry.

        Raises:
            InputError: the file has changed since it was checked.
        """
        wanted = self.masks[number]
        path = self.folder / wanted.file
        data = bytes_of(path)
        if hashbytes_of(data) != wanted.sha256:
            raise InputError(f"{path} has changed while it was used.", "Start again.")
        values, colour = mask_values(decode(data, palette="indices").pixels)
        mask = self._decoded(path, values, colour)
        hw = (values.shape[0], values.shape[1])
        return fitted_mask(mask, plan_geometry(hw, self._index.size_hw, self._index.fit))

    def _decoded(self, path: Path, values: NDArray[np.int32], colour: bool) -> Mask:
        if self._values is None:
            labels, raw = (values > 0).astype(np.uint8), values.astype(np.int64)
        elif self._values == "ids":
            labels, raw = values.astype(np.uint8), None
        else:
            labels, raw = decode_labels(values, colour, self._index.coding)[0], None
        if not self._index.has_instances:
            return Mask(labels)
        if self._ids is not None:
            raw = mask_values(decode(bytes_of(self._ids / path.name)).pixels)[0].astype(np.int64)
        return Mask(
            labels, settle_instances(labels, _or(raw, partial(connected_instances, labels)))
        )

    def _checked(
        self, path: Path, held_out: dict[str, str]
    ) -> tuple[UserMask, NDArray[np.int64], bool]:
        """Return a file with the values that it holds; UnreadableError says what is wrong."""
        data = bytes_of(path)
        ids = bytes_of(self._ids / path.name) if self._ids is not None else None
        values, colour = whole_numbers(data, self._sizes)
        if ids is not None and whole_numbers(ids, self._sizes)[0].shape != values.shape:
            raise UnreadableError(f"{INSTANCES}/{path.name} is of another size")
        for digest in {combined_hash([data], ids), combined_hash([data], None)} & set(held_out):
            raise UnreadableError(
                f"it is the mask of {held_out[digest]}, which may not reach train"
            )
        return UserMask(path.name, hashbytes_of(data)), present_values(values)[0], colour


def _or(
    raw: NDArray[np.int64] | None, otherwise: Callable[[], NDArray[np.int64]]
) -> NDArray[np.int64]:
    return otherwise() if raw is None else raw


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}.", "Name a folder of mask files.")
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not files:
        raise InputError(
            f"there is no mask in {folder}.", f"It takes files that end in {', '.join(SUFFIXES)}."
        )
    return files
