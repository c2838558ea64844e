"""Masks that a user brings: a folder of files, checked all at once, read one at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from medsynth.core.errors import InputError, listed
from medsynth.core.types import Mask
from medsynth.core.words import counted
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
PERTURBED = "perturb.json"
"""Stands beside masks that medsynth wrote: their values are class ids."""


@dataclass(frozen=True, slots=True)
class UserMask:
    """A mask file that was checked: its name in the folder, and the SHA-256 of its bytes."""

    file: str
    sha256: str


Checked = tuple[UserMask, NDArray[np.int64], bool]
"""A checked file, the values that it holds, and whether they are packed colours."""


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
        self.folder = folder / MASKS if (folder / MASKS).is_dir() else folder
        self._index = index
        beside = self.folder.parent / INSTANCES
        self._ids = beside if self.folder.name == MASKS and beside.is_dir() else None
        found, faults = self._check_all()
        self.masks = [mask for mask, _, _ in found]
        self._values: Values | None = None
        if not faults and (self._ids is not None or index.coding.meaning != "instances"):
            looked = [(mask.file, present, colour) for mask, present, colour in found]
            ours = (self.folder.parent / PERTURBED).is_file()
            self._values, faults = values_in(looked, index, ours)
        if faults:
            raise InputError(
                f"in {self.folder}, {counted(len(faults), 'mask')} cannot be used: "
                f"{listed(faults)}.",
                "Nothing was written. Masks need the classes and a size of the data's own.",
            )

    def __len__(self) -> int:
        return len(self.masks)

    def read(self, number: int) -> Mask:
        """Return mask `number`, from 0, at the model's geometry.

        Raises:
            InputError: the file has changed since it was checked.
        """
        wanted = self.masks[number]
        path = self.folder / wanted.file
        try:
            data = bytes_of(path)
            if hash_bytes(data) != wanted.sha256:
                raise UnreadableError("it has changed since it was checked")
            values, colour = mask_values(decode(data, palette="indices").pixels)
            mask = self._decoded(path, values, colour)
        except UnreadableError as error:
            raise InputError(f"{path}: {error}.", "Put the file back.") from error
        hw = (values.shape[0], values.shape[1])
        return fitted_mask(mask, plan_geometry(hw, self._index.size_hw, self._index.fit))

    def _decoded(self, path: Path, values: NDArray[np.int32], colour: bool) -> Mask:
        """Return a file's mask; without a file of ids each connected region is an instance."""
        if self._values == "ids":
            labels = values.astype(np.uint8)
        elif self._values == "binary":
            labels = (values != 0) * np.uint8(max(each.id for each in self._index.classes))
        else:
            labels, _ = decode_labels(values, colour, self._index.coding)
        if not self._index.has_instances:
            return Mask(labels)
        if self._values is None:
            return Mask(labels, settle_instances(labels, values))
        if self._ids is None:
            return Mask(labels, settle_instances(labels, connected_instances(labels)))
        ids, _ = mask_values(decode(bytes_of(self._ids / path.name)).pixels)
        return Mask(labels, settle_instances(labels, ids))

    def _check_all(self) -> tuple[list[Checked], list[str]]:
        """Return what is good, and what is wrong with the others."""
        sizes = {item.source_hw for item in self._index.split("train")} | {self._index.size_hw}
        held_out = {
            item.mask_sha256: f"{item.split} pair '{item.id}'"
            for item in self._index.items
            if item.split != "train"
        }
        found, faults = [], []
        for path in _files(self.folder):
            try:
                found.append(self._checked(path, sizes, held_out))
            except UnreadableError as error:
                faults.append(f"{path.name}: {error}")
        return found, faults

    def _checked(
        self, path: Path, sizes: set[tuple[int, int]], held_out: Mapping[str, str]
    ) -> Checked:
        """Return a file with the values that it holds; UnreadableError says what is wrong."""
        data = bytes_of(path)
        ids = None if self._ids is None else bytes_of(self._ids / path.name)
        values, colour = whole_numbers(data, sizes)
        if ids is not None and whole_numbers(ids, sizes)[0].shape != values.shape:
            raise UnreadableError(f"{INSTANCES}/{path.name} is of another size")
        for digest in (combined_hash([data], ids), combined_hash([data], None)):
            if digest in held_out:
                raise UnreadableError(f"it is that of {held_out[digest]}: no image may learn it")
        return UserMask(path.name, hash_bytes(data)), present_values(values)[0], colour


def _files(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}.", "Name a folder of mask files.")
    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)
    if not files:
        raise InputError(
            f"there is no mask in {folder}.", f"It takes files that end in {', '.join(SUFFIXES)}."
        )
    return files
