"""The PNG files of one sample: images/<id>.png, masks/<id>.png, perhaps instances/<id>.png."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from medsynth.core.errors import InputError
from medsynth.core.types import Mask, Sample
from medsynth.io.file_batch import Write
from medsynth.io.hashing import hash_bytes, hash_file
from medsynth.io.images import encode_png, read_png
from medsynth.store.manifest import ManifestRow

IMAGES, MASKS, INSTANCES = "images", "masks", "instances"
KINDS = (IMAGES, MASKS, INSTANCES)


def path_of(folder: Path, kind: str, sample_id: str) -> Path:
    """Return where the PNG of one kind lies; the id has been checked."""
    return folder / kind / f"{sample_id}.png"


def write_files(folder: Path, sample: Sample, write: Write) -> dict[str, str]:
    """Give the sample's PNGs to a batch of files; return SHA-256 by kind."""
    pictures: dict[str, NDArray[Any]] = {IMAGES: sample.image, MASKS: sample.mask.labels}
    if sample.mask.instances is not None:
        pictures[INSTANCES] = sample.mask.instances
    hashes = {}
    for kind, array in pictures.items():
        data = encode_png(array)
        write(path_of(folder, kind, sample.id), data)
        hashes[kind] = hash_bytes(data)
    return hashes


def read_files(folder: Path, row: ManifestRow, verify: bool) -> tuple[NDArray[np.uint8], Mask]:
    """Return image (H, W, C) uint8 and mask of an accepted row.

    Raises:
        InputError: a file is missing, not a picture of the right kind, of another size, or,
            where `verify` is set, not the one that was written.
    """
    found = {kind: _read(folder, kind, row, verify) for kind in KINDS if kind in row.files}
    image = found[IMAGES][..., None] if found[IMAGES].ndim == 2 else found[IMAGES]
    for kind, array in found.items():
        expected = np.uint16 if kind == INSTANCES else np.uint8
        if array.dtype != expected or (kind != IMAGES and array.ndim != 2):
            raise _unfit(folder, kind, row, f"is {array.dtype} {array.shape}")
        if array.shape[:2] != image.shape[:2]:
            raise _unfit(folder, kind, row, f"is {array.shape[:2]}, its image {image.shape[:2]}")
    return image, Mask(found[MASKS], found.get(INSTANCES))


def _read(folder: Path, kind: str, row: ManifestRow, verify: bool) -> NDArray[Any]:
    path = path_of(folder, kind, row.id)
    try:
        if verify and hash_file(path) != row.files[kind]:
            raise _unfit(folder, kind, row, "is not the file that the manifest names (SHA-256)")
        return read_png(path)
    except FileNotFoundError as error:
        raise _unfit(folder, kind, row, "is missing") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise _unfit(folder, kind, row, f"cannot be read ({error})") from error


def _unfit(folder: Path, kind: str, row: ManifestRow, what: str) -> InputError:
    return InputError(
        f"{path_of(folder, kind, row.id)} {what}.",
        "Restore it from a copy, or delete its line in manifest.jsonl and augment again.",
    )
